/** The list of keyboard shortcuts. */
import { Dialog } from '@/components/Dialog'

const sections: readonly [string, readonly (readonly [string, string])[]][] = [
  [
    'Everywhere',
    [
      ['Ctrl K', 'Go to a DAG or page'],
      ['/', 'Search on this page'],
      ['z', 'Local time or UTC'],
      ['?', 'This list'],
      ['Esc', 'Close, or leave a field'],
    ],
  ],
  [
    'Go to',
    [
      ['g d', 'DAGs'],
      ['g r', 'Runs'],
      ['g i', 'Import errors'],
      ['g k', 'Cluster'],
      ['g e', 'Events'],
      ['g v', 'Variables'],
      ['g c', 'Connections'],
      ['g p', 'Pools'],
    ],
  ],
  [
    'Lists',
    [
      ['j  k', 'Next, previous'],
      ['Enter', 'Open'],
      ['t', 'Trigger the DAG'],
      ['p', 'Pause or unpause the DAG'],
    ],
  ],
  [
    'Grid and graph',
    [
      ['← ↑ ↓ →', 'Move between cells'],
      ['Enter', 'Open the task or run'],
      ['+  −  0', 'Zoom, fit'],
    ],
  ],
  [
    'Task log',
    [
      ['f', 'Follow the end'],
      ['n  N', 'Next, previous match'],
      ['w', 'Wrap lines'],
      ['[  ]', 'Previous, next try'],
    ],
  ],
]

export function ShortcutHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} wide>
      <div className="shortcut-help">
        {sections.map(([title, rows]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {rows.map(([keys, text]) => (
                <div key={keys}>
                  <dt>{text}</dt>
                  <dd>
                    {keys.split(' ').filter(Boolean).map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
