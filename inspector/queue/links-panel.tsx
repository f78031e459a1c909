// Each thing the yacht is connected to, under one of five names with our detail behind it; the breakers; and what does not
// work at the moment, with the reason. Folded until somebody wants to know.
import { useQueue } from './context.ts';
import type { Breaker, Component, Feature, Status } from './status.ts';
import { fullText, momentText, type ShipTime } from './times.ts';

export function LinksPanel() {
  const { store } = useQueue();
  const status = store.status.value;
  if (!status.known) return null;
  const time = store.time.peek();
  const components = status.components.length > 0 ? status.components : [status.connection];
  const off = status.features.filter(({ available }) => !available);
  return (
    <details class="links panel">
      <summary>
        <span class="links-dot" data-name={status.connection.name} aria-hidden="true" /> Link:{' '}
        {summaryOf(status, off)}
      </summary>
      <div class="links-body">
        <h2>Connections</h2>
        <ul class="links-list">
          {components.map((one) => (
            <ComponentLine key={one.id} one={one} time={time} />
          ))}
        </ul>
        {status.breakers.length > 0 ? (
          <>
            <h2>Breakers</h2>
            <ul class="links-list">
              {status.breakers.map((one) => (
                <BreakerLine key={one.id} one={one} time={time} />
              ))}
            </ul>
          </>
        ) : null}
        <h2>{off.length === 0 ? 'Everything is available' : 'Off at the moment'}</h2>
        {off.length === 0 ? null : (
          <ul class="links-list">
            {off.map(({ id, name, why }) => (
              <li key={id}>
                <strong>{name}</strong>: {why}
              </li>
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}

function summaryOf(status: Status, off: readonly Feature[]): string {
  const open = status.breakers.filter(({ state }) => state !== 'closed').length;
  return [
    status.connection.name,
    status.connection.detail === status.connection.name ? '' : `(${status.connection.detail})`,
    status.rttMs ? `· ${Math.round(status.rttMs)} ms` : '',
    open > 0 ? `· ${open} breaker${open === 1 ? '' : 's'} not closed` : '',
    off.length > 0 ? `· ${off.length} off` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

const names: Readonly<Record<string, string>> = {
  line: 'Line to the cloud',
  cloud: 'Line to the cloud',
  notices: 'News from the cloud',
  log: 'Event log aboard',
};
const nameOf = (id: string) => names[id] ?? id.replace(/^folder\//, 'Folder ');

function ComponentLine({ one, time }: { readonly one: Component; readonly time: ShipTime }) {
  const facts = [
    one.host ? `${one.host}${one.port === null ? '' : `:${one.port}`}` : '',
    one.attempts || (one.host && one.attempts !== null) ? `attempts ${one.attempts}` : '',
    one.lastSuccessMs === null ? '' : `last success ${fullText(one.lastSuccessMs, time.zone)}`,
    one.untilMs === null ? '' : `next try ${momentText(one.untilMs, time)}`,
    one.lastError ? `last error: ${one.lastError}` : '',
  ].filter(Boolean);
  return (
    <li>
      <strong>{nameOf(one.id)}</strong>: {one.name}
      {one.detail && one.detail !== one.name ? ` (${one.detail})` : ''},{' '}
      {one.isAvailable ? 'available' : 'not available'}. {one.why}
      {facts.length > 0 ? <p class="quiet small">{facts.join(' · ')}</p> : null}
    </li>
  );
}

function BreakerLine({ one, time }: { readonly one: Breaker; readonly time: ShipTime }) {
  return (
    <li>
      <strong>{one.id.replace(/^breaker\//, '')}</strong>: {one.state}. {one.why}
      {one.untilMs === null ? '' : ` Tried again ${momentText(one.untilMs, time)}.`}
    </li>
  );
}
