// What somebody without a session sees: on this computer a hint how to open the page, on the yacht's network a password.
import { useSignal } from '@preact/signals';
import { ApiError } from '../browser/http.ts';
import type { App } from './app.ts';

export function Login({ app }: { readonly app: App }) {
  const password = useSignal('');
  const label = useSignal(app.storage.read('label') ?? '');
  const problem = useSignal('');
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    problem.value = '';
    try {
      app.storage.write('label', label.value);
      await app.login(password.value, label.value.trim());
    } catch (error) {
      problem.value = error instanceof ApiError ? error.message : 'That did not work. Try again.';
    }
    password.value = '';
    busy.value = false;
  };
  return (
    <main class="login panel">
      <h1>Sign in</h1>
      <form onSubmit={submit}>
        <label for="password">Password of this yacht’s tender</label>
        <input
          id="password"
          class="field"
          type="password"
          autocomplete="current-password"
          required
          value={password}
          aria-describedby="login-problem"
          onInput={(event) => {
            password.value = event.currentTarget.value;
          }}
        />
        <label for="label">
          What you call this device <span class="quiet">(shown to others; may stay empty)</span>
        </label>
        <input
          id="label"
          class="field"
          type="text"
          maxLength={40}
          placeholder="bridge tablet"
          value={label}
          onInput={(event) => {
            label.value = event.currentTarget.value;
          }}
        />
        <p id="login-problem" class="login-problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="button primary" disabled={busy.value}>
          Sign in
        </button>
      </form>
      <p class="quiet small">
        On the computer that runs tender no password is needed: <code>tender ui</code> prints a link that
        opens this page once.
      </p>
    </main>
  );
}
