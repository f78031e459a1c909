// A file as the body of a request, read by the browser from disk piece by piece. fetch tells nothing about how much of a
// body has left; XMLHttpRequest does. Used by http.ts.
import type { SendFile, SentFile } from './http.ts';

export const sendFile: SendFile = (method, url, file, { headers, onProgress, signal }) =>
  new Promise<SentFile>((resolve) => {
    if (signal?.aborted) return resolve({ is: 'stopped' });
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onerror = () => resolve({ is: 'gone' });
    request.onabort = () => resolve({ is: 'stopped' });
    request.onload = () => resolve({ is: 'answered', status: request.status, text: request.responseText });
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
