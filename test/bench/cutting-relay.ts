// Stands between yacht and cloud as a TCP relay and cuts the line when so many bytes have gone up: what was before that byte
// arrives, what comes after is lost with the connection. Reads along on both directions for the account.
import { connect, createServer, type Socket } from 'node:net';
import type { Account } from './account.ts';
import { createTap, type Tap } from './websocket-tap.ts';

/** What one connection of the line cost beyond what it had to carry. */
export interface Passage {
  /** Said before its first slice: the upgrade, offers, the manifest again. */
  reopeningBytes: number;
  /** Of slices: had arrived on an earlier connection. */
  repeatedBytes: number;
  /** Left the yacht and never arrived as a whole frame. */
  lostBytes: number;
}

export interface CuttingRelay {
  readonly port: number;
  /** One for every connection that was opened for the line, in order. */
  readonly passages: readonly Passage[];
  readonly cuts: number;
  close(): Promise<void>;
}

/** `cutAt`: ascending positions in the bytes that went up on connections of the line, all of them together. */
export async function openCuttingRelay(
  cloudPort: number,
  cutAt: readonly number[],
  account: Account,
): Promise<CuttingRelay> {
  const passages: Passage[] = [];
  const sockets = new Set<Socket>();
  let passed = 0;
  let cuts = 0;

  function relay(yacht: Socket): void {
    const cloud = connect(cloudPort, '127.0.0.1');
    let passage: Passage | undefined;
    let hasSlices = false;
    let isCut = false;
    const up: Tap = createTap(
      (head) => {
        if (!head.startsWith('GET /v1/line/')) return false;
        passage = { reopeningBytes: head.length + 4, repeatedBytes: 0, lostBytes: 0 };
        passages.push(passage);
        return true;
      },
      (message) => {
        const { isSlice, repeatedBytes } = account.arrived(message);
        hasSlices ||= isSlice;
        passage!.repeatedBytes += repeatedBytes;
        if (!hasSlices) passage!.reopeningBytes += message.length;
      },
    );
    const down = createTap(
      (head) => head.startsWith('HTTP/1.1 101'),
      (message) => account.said(message),
    );

    yacht.on('data', (bytes) => {
      if (isCut) return;
      const isLine = passage !== undefined || bytes.toString('latin1', 0, 13) === 'GET /v1/line/';
      const room = isLine ? (cutAt[cuts] ?? Number.POSITIVE_INFINITY) - passed : bytes.length;
      const arriving = bytes.subarray(0, room);
      up.pass(arriving);
      if (isLine) passed += arriving.length;
      if (!cloud.write(arriving)) {
        yacht.pause();
        cloud.once('drain', () => yacht.resume());
      }
      if (arriving.length === bytes.length) return;
      isCut = true;
      cuts += 1;
      if (passage) passage.lostBytes += bytes.length - arriving.length + up.unfinishedBytes;
      cloud.end();
      yacht.resetAndDestroy();
    });
    cloud.on('data', (bytes) => {
      down.pass(bytes);
      if (!yacht.destroyed) yacht.write(bytes);
    });
    for (const [socket, other] of [
      [yacht, cloud],
      [cloud, yacht],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('end', () => other.end());
      socket.on('close', () => {
        sockets.delete(socket);
        if (!isCut) other.destroy();
      });
    }
  }

  const server = createServer(relay);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    passages,
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
