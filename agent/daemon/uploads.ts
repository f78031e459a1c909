// The documents aboard, for people: found by a piece of their id, listed in the order they will go, commanded one by one
// or all together. Everything is read from the host's rows; 100,000 documents never stand in memory.
import { isUlid } from '../../cloud/contract/ids.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { Cell, MachineEvent } from '../../machines/kernel.ts';
import type { Uploads, UploadVerb } from '../api/aboard.ts';
import { TenderError } from '../errors.ts';
import type { Host } from '../host/contract.ts';
import type { Board, InLine } from './board.ts';
import { type Rates, timeLeft } from './rates.ts';
import type { Running } from './running.ts';
import {
  type Around,
  contextOf,
  finalStates,
  type Moving,
  movingJson,
  sizeOf,
  uploadJson,
  uploadWhy,
} from './upload-json.ts';
import { type ListFilter, type ListPage, listUploads } from './uploads-list.ts';

/** Rows read per page while listing. */
const pageRows = 500;
/** Commands to all documents on their way to the log at once; they share its commits. */
const commandsInFlight = 64;
const idPieceMin = 4;

export interface UploadsPorts {
  readonly host: Pick<Host, 'read' | 'list' | 'find' | 'newest' | 'send' | 'progressOf' | 'hold'>;
  readonly board: Board;
  readonly rates: Rates;
  readonly running: Pick<Running, 'actors'>;
  readonly price: Around['price'];
}

interface Row {
  readonly id: string;
  readonly cell: Cell;
}

export function createUploads({ host, board, rates, running, price }: UploadsPorts): Uploads {
  const actorOf = (id: string) => `upload/${id}`;
  const aroundOf = (
    id: string,
    cell: Cell,
    moving: Moving | undefined,
    place: InLine | undefined,
  ): Around => {
    const rate = rates.of(actorOf(id));
    const context = contextOf(cell);
    const sizeBytes = sizeOf(context, moving);
    const durable = Math.max(context.bytesDurable, moving?.bytesDurable ?? 0);
    const bytesLeft = sizeBytes === null ? null : Math.max(0, sizeBytes - durable);
    return {
      order: place?.order ?? null,
      rateBytesPerSecond: rate?.bytesPerSecond ?? null,
      leftMs: place === undefined ? null : timeLeft(bytesLeft, place.bytesAhead, rate, rates.total()),
      price,
    };
  };
  const jsonOf = async ({ id, cell }: Row): Promise<JsonObject> => {
    const moving = host.progressOf(actorOf(id)) as Moving | undefined;
    const place = board.place(id);
    const hold = await host.hold(actorOf(id), place?.waitingAhead);
    return uploadJson(id, cell, hold, moving, aroundOf(id, cell, moving, place));
  };

  async function itemsOf(ids: Iterable<string>) {
    const items: JsonObject[] = [];
    const gone: string[] = [];
    for (const id of ids) {
      const cell = await host.read(actorOf(id));
      if (cell === undefined) gone.push(id);
      else items.push(await jsonOf({ id, cell }));
    }
    return { items, gone };
  }

  /** By a piece of the name or id, in order of ids, so many rows at a time. */
  async function search({ q, state, limit, after }: ListFilter & { readonly q?: string }): Promise<ListPage> {
    const found = await host.find({
      kind: 'upload',
      limit,
      ...(q === undefined ? {} : { text: q }),
      ...(state === undefined ? {} : { state }),
      ...(after === undefined ? {} : { after: actorOf(after) }),
    });
    const ids = found.actors.map(({ actor }) => actor.slice('upload/'.length));
    const next = found.more ? (found.scannedTo?.slice('upload/'.length) ?? null) : null;
    return { ids, more: found.more, next };
  }

  async function* all(state?: string): AsyncIterable<Row> {
    let after: string | undefined;
    for (;;) {
      let count = 0;
      const filter = { kind: 'upload', limit: pageRows, ...(state === undefined ? {} : { state }) };
      for await (const { actor, cell } of host.list(after === undefined ? filter : { ...filter, after })) {
        after = actor;
        count++;
        yield { id: actor.slice('upload/'.length), cell };
      }
      if (count < pageRows) return;
    }
  }

  async function read(id: string): Promise<Row> {
    const cell = await host.read(actorOf(id));
    if (!cell)
      throw new TenderError(
        'TENDER_NO_SUCH_UPLOAD',
        `There is no document ${id} aboard: \`tender ls\` lists them.`,
      );
    return { id, cell };
  }

  async function command(row: Row, event: MachineEvent): Promise<void> {
    const answer = await host.send(actorOf(row.id), event, { src: 'cmd' });
    if (answer.accepted || idempotent(row.cell, event)) return;
    const others = Object.keys(contextOf(row.cell).paused?.by ?? {});
    if (event.type === 'resume' && others.length > 0)
      throw new TenderError(
        'TENDER_COMMAND_REFUSED',
        `It is paused by ${others.join(' and ')}, not by ${String(event.by)}: resume it with --as ${others[0]}.`,
      );
    const why = uploadWhy(row.cell, await host.hold(actorOf(row.id)));
    throw new TenderError(
      'TENDER_COMMAND_REFUSED',
      `A document that is ${row.cell.value} cannot take "${event.type}". ${why.sentence} ${why.whatToDo}`,
    );
  }

  return {
    async resolve(idText) {
      const piece = idText
        .trim()
        .toUpperCase()
        .replace(/^UPLOAD\//, '');
      if (isUlid(piece)) return (await read(piece)).id;
      if (!/^[0-9A-Z]+$/.test(piece) || piece.length < idPieceMin || piece.length > 26)
        throw new TenderError(
          'TENDER_NO_SUCH_UPLOAD',
          `"${idText.slice(0, 40)}" is no id: write one as \`tender ls\` shows it, at least ${idPieceMin} letters.`,
        );
      const found: string[] = [];
      for await (const { id } of all()) {
        if (!id.startsWith(piece) && !id.endsWith(piece)) continue;
        found.push(id);
        if (found.length > 1)
          throw new TenderError(
            'TENDER_UPLOAD_AMBIGUOUS',
            `Several documents have an id like ${piece}, such as ${found.join(' and ')}: write more of it.`,
          );
      }
      return (await read(found[0] ?? piece)).id;
    },

    get: async (id) => jsonOf(await read(id)),

    items: itemsOf,

    async moving() {
      const items: JsonObject[] = [];
      for (const actor of [...running.actors()]) {
        const moving = host.progressOf(actor) as Moving | undefined;
        const cell = moving === undefined ? undefined : await host.read(actor);
        if (moving === undefined || cell === undefined) continue;
        const id = actor.slice('upload/'.length);
        items.push(movingJson(id, cell, moving, aroundOf(id, cell, moving, board.place(id))));
      }
      return items;
    },

    async why(id) {
      const row = await read(id);
      const why = uploadWhy(row.cell, await host.hold(actorOf(id)));
      const { name, state } = await jsonOf(row);
      const until = why.untilMs === null ? null : new Date(why.untilMs).toISOString();
      return {
        id,
        name: name!,
        state: state!,
        sentence: why.sentence,
        until,
        todo: why.whatToDo,
        facts: why.facts,
      };
    },

    async list(filter) {
      await board.settled();
      const page = filter.q === undefined ? await listUploads({ host, board }, filter) : await search(filter);
      return { items: (await itemsOf(page.ids)).items, more: page.more, next: page.next };
    },

    command: async (id, event) => command(await read(id), event),

    async resume(id, by) {
      const row = await read(id);
      if (await liftPauses(row, by)) return;
      await command(row, { type: 'resume', by });
    },

    commandAll: (verb: UploadVerb, event) =>
      toAll(async ({ id, cell }) => {
        if (finalStates.includes(cell.value)) return undefined;
        return (await host.send(actorOf(id), event, { src: 'cmd' })).accepted;
      }).then((counts) => ({ verb, ...counts })),

    resumeAll: (by) => toAll(async (row) => (row.cell.value === 'paused' ? liftPauses(row, by) : undefined)),
  };

  /** Gives each row to `act`, some at a time; counts what was accepted and refused. */
  async function toAll(act: (row: Row) => Promise<boolean | undefined>) {
    let accepted = 0;
    let refused = 0;
    const flying = new Set<Promise<void>>();
    for await (const row of all()) {
      if (flying.size >= commandsInFlight) await Promise.race(flying);
      const sent: Promise<void> = act(row).then((taken) => {
        if (taken === true) accepted++;
        else if (taken === false) refused++;
        flying.delete(sent);
      });
      flying.add(sent);
    }
    await Promise.all(flying);
    return { accepted, refused };
  }

  /** A pause belongs to who asked for it; somebody else ends it in their name, and the log says who that was. */
  async function liftPauses({ id, cell }: Row, by: string): Promise<boolean> {
    let lifted = false;
    for (const party of Object.keys(contextOf(cell).paused?.by ?? {})) {
      const reason = party === by ? {} : { reason: `Resumed by ${by}.` };
      const answer = await host.send(actorOf(id), { type: 'resume', by: party, ...reason }, { src: 'cmd' });
      lifted ||= answer.accepted;
    }
    return lifted;
  }
}

/** Asked for what already is: a person who presses twice is not told off. */
function idempotent(cell: Cell, event: MachineEvent): boolean {
  const context = contextOf(cell);
  if (event.type === 'prioritise') return context.priority === event.priority;
  if (event.type === 'cancel') return cell.value === 'cancelled';
  if (event.type === 'pause')
    return cell.value === 'paused' && String(event.by) in (context.paused?.by ?? {});
  return false;
}
