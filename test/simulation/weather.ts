// Faults, at the times the seed decides, in the strength the plan allows; then calm. Everything that goes wrong in a
// voyage goes wrong here.
import type { Death } from '../support/fake-life.ts';
import type { LinkState } from '../support/fake-network.ts';
import type { FakeRandom } from '../support/fake-random.ts';
import { folderPath } from './crew.ts';
import type { FaultKind } from './plan.ts';
import type { World } from './world.ts';

/** Port calls until a death at a boundary, drawn between these over orders of magnitude. */
const boundaryCalls = [1, 400] as const;
/** Reads up to this are looks at a sample, not at a document. */
const sampleMaxBytes = 16 * 1024;
const dayMs = 24 * 3_600_000;

export class Weather {
  readonly #world: World;
  readonly #random: FakeRandom;
  /** When the last thing that is wrong for a while has ended. */
  #untilMs: number;
  #calm = false;
  #changesDue = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork('weather');
    this.#untilMs = world.plan.stormyMs;
  }

  get untilMs(): number {
    return this.#untilMs;
  }

  /** Sets every strike of the plan on the timeline. */
  brew(): void {
    const { plan, timeline } = this.#world;
    if (plan.faults.has('hintsLost')) this.#world.files.hintChance = 0;
    for (const [kind, times] of plan.faults)
      for (let i = 0; i < times; i++)
        // Now and then in the very first start, when nothing has ever been written.
        timeline.after(this.#random.chance(0.05) ? 0 : this.#random.unit() * plan.stormyMs, () => {
          if (this.#calm) return;
          this.#world.report.fault(kind);
          this.#strike(kind);
        });
  }

  /** From here on nothing goes wrong any more. */
  clear(): void {
    const { network, disk, files, blobs, storeTrouble, indexTrouble, yacht, shore } = this.#world;
    this.#calm = true;
    network.state = 'clear';
    disk.heal();
    blobs.heal();
    files.hintChance = 1;
    for (const path of files.filesBelow(folderPath)) files.failReads(path, undefined);
    storeTrouble.busyUntilMs = 0;
    storeTrouble.lostAnswers = 0;
    indexTrouble.transientChance = 0;
    indexTrouble.poisonChance = 0;
    indexTrouble.twiceChance = 0;
    yacht.dieAtBoundary(0, 'kill');
    shore.dieAtBoundary(0, 'kill');
    shore.undecodableNext = 0;
  }

  #strike(kind: FaultKind): void {
    const { network, disk, blobs, storeTrouble, indexTrouble, yacht, shore, indexer, crew, timeline } =
      this.#world;
    const random = this.#random;
    const death = (): Death => random.pick(['kill', 'power']);
    const boundary = () => Math.floor(random.spread(...boundaryCalls));
    const strikes: Record<FaultKind, () => void> = {
      cut: () => network.cut(),
      down: () => this.#link('down', random.spread(500, 600_000)),
      silence: () => this.#link('silent', random.spread(500, 300_000)),
      laneCut: () => network.cutOne(),
      laneSilence: () => network.silenceOne(random.spread(200, 600_000)),
      portal: () => this.#link('portal', random.chance(0.1) ? dayMs : random.spread(1_000, 1_800_000)),
      replay: () => network.replay(),
      agentKill: () => yacht.crash('kill'),
      agentPower: () => yacht.crash('power'),
      agentBoundary: () => yacht.dieAtBoundary(boundary(), death()),
      cloudKill: () => shore.crash('kill'),
      cloudPower: () => shore.crash('power'),
      cloudBoundary: () => shore.dieAtBoundary(boundary(), death()),
      workerKill: () => indexer.crash('kill'),
      jobTwice: () => {
        indexTrouble.twiceChance = 0.5;
      },
      indexFault: () => {
        indexTrouble.transientChance = 0.3;
        indexTrouble.poisonChance = 0.1;
      },
      stateDiskError: () => disk.failNext(random.between(1, 4)),
      // Damage shows when the database is opened again.
      stateDiskRot: () => yacht.crashAndThen(death(), () => disk.rot(random.between(1, 5))),
      storeBusy: () => {
        storeTrouble.busyUntilMs = timeline.now + random.spread(100, 120_000);
        this.#lasts(storeTrouble.busyUntilMs - timeline.now);
      },
      commitUnknown: () => {
        storeTrouble.lostAnswers += random.between(1, 3);
      },
      blobError: () => blobs.failNext(random.between(1, 3)),
      undecodable: () => {
        shore.undecodableNext += random.between(1, 5);
      },
      sourceChange: () => this.#whileReading(),
      sourceVanish: () => crew.removeFile(),
      sourceError: () => crew.failRead(),
      hintsLost: () => {},
      clockJump: () => yacht.jumpWall((random.unit() - 0.5) * 2 * random.spread(1_000, 400 * dayMs)),
    };
    strikes[kind]();
  }

  #link(state: LinkState, forMs: number): void {
    const { network, timeline } = this.#world;
    network.state = state;
    this.#lasts(forMs);
    timeline.after(forMs, () => {
      if (network.state === state) network.state = 'clear';
    });
  }

  /** The next file that the agent reads in more than one part changes between two of them. */
  #whileReading(): void {
    const { files, crew } = this.#world;
    this.#changesDue += 2;
    files.onRead = (path, position, length) => {
      if (this.#calm || this.#changesDue === 0 || position === 0 || !path.startsWith(`${folderPath}/`))
        return;
      // Samples are read far oftener than documents.
      if (length <= sampleMaxBytes && !this.#random.chance(0.1)) return;
      this.#changesDue--;
      if (this.#random.chance(0.5)) crew.rewriteFile(path);
      else crew.changeFile(path);
    };
  }

  #lasts(forMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, this.#world.timeline.now + forMs);
  }
}
