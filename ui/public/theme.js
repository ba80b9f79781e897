// Applies the stored theme before the first paint, so that a page never flashes in the other one.
(function () {
  var theme = null
  try {
    theme = localStorage.getItem('tradewind.theme')
  } catch {
    // Storage is blocked: the page follows the system.
  }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
})()
