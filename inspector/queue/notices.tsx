// News in the corner, grouped, and the same for the ear.
import { Icon } from '../shell/icons.tsx';
import { Button } from './button.tsx';
import { useQueue } from './context.ts';
import { type NewsKind, newsText } from './news.ts';

const icons = {
  parked: 'warn',
  error: 'stop',
  indexed: 'check',
  textless: 'check',
  stored: 'arrive',
  added: 'check',
  hint: 'info',
} as const satisfies Record<NewsKind, string>;

export function Notices() {
  const { store } = useQueue();
  const shown = store.news.shown.value;
  return (
    <>
      <p class="aloud" role="status" aria-live="polite">
        {store.news.aloud}
      </p>
      <section class="notices" aria-label="News">
        {shown.map((news) => (
          <div key={`${news.kind} ${news.text ?? ''}`} class="notice" data-kind={news.kind}>
            <Icon name={icons[news.kind]} />
            <div class="notice-text">
              <p>{newsText(news)}</p>
              {news.count > 1 ? (
                <p class="quiet small">
                  {news.names.join(', ')}
                  {news.count > news.names.length ? ' …' : ''}
                </p>
              ) : null}
            </div>
            <Button
              look="plain"
              label={`Dismiss: ${newsText(news)}`}
              onClick={() => store.news.dismiss(news)}
            >
              <Icon name="close" />
            </Button>
          </div>
        ))}
      </section>
    </>
  );
}
