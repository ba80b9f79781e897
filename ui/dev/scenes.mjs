// Development only: the pages that dev/shots.mjs takes pictures of.
const goto = (path) => (page) => page.goto(path)

export const scenes = [
  { name: 'login', anonymous: true, open: goto('/login') },
  { name: 'login-wrong', anonymous: true, themes: ['light'], open: async (page) => {
    await page.goto('/login')
    await page.getByLabel('User name').fill('admin')
    await page.getByLabel('Password').fill('nope')
    await page.getByRole('button', { name: 'Log in' }).click()
  } },
  { name: 'dags', open: goto('/dags') },
  { name: 'dags-empty', world: 'empty', open: goto('/dags') },
  { name: 'dags-nomatch', themes: ['light'], open: goto('/dags?q=zzz') },
  { name: 'dags-narrow', size: { width: 820, height: 700 }, themes: ['light'], open: goto('/dags') },
  { name: 'palette', open: async (page) => {
    await page.goto('/dags')
    await page.waitForSelector('.dag-row')
    await page.keyboard.press('Control+k')
    await page.keyboard.type('or')
  } },
  { name: 'shortcuts', open: async (page) => {
    await page.goto('/dags')
    await page.waitForSelector('.dag-row')
    await page.keyboard.press('?')
  } },
  { name: 'usermenu', themes: ['dark'], open: async (page) => {
    await page.goto('/dags')
    await page.getByRole('button', { name: /theme, shortcuts/ }).click()
  } },
]
