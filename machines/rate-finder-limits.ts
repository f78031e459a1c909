// Measures and ceilings of the rate finder's states and pacing, in one place. Bytes, ms, and shares of 1. Used by rate-finder.ts.

/** One segment of payload: what frames are cut to fit. TLS and WebSocket take their bytes of an MSS of 1,448. */
export const segmentBytes = 1_448;
export const frameOverheadBytes = 40;
/** The first flight: enough arrivals to see their spacing, no more than a small buffer holds. */
export const trainSegments = 5;
/** Confirmed later than this, it was sent twice or waited for one that was. */
export const heldBackRoundTrips = 1.8;
/** While its arrivals are awaited: smaller ones, so many to a round trip, no closer than this. */
export const moreTrainSegments = 3;
export const trainsPerRoundTrip = 3;
export const trainEveryMinMs = 200;
export const trainCheckMs = 20;
/** Padding sent once, when the line is open and has nothing to do, so that a first document need not wait for a train: such a train
 *  (another when what arrives of it tells nothing), then, when the rate is no surer than this, one of so much time, at least and at most so long. Only where round trips take long. */
export const soundingFromMs = 200;
export const soundingsMax = 3;
export const soundedSureShare = 0.08;
export const soundingMs = 60;
export const soundingMinSegments = 5;
/** A second train that would take longer than this is not sent. */
export const soundingMostMs = 400;
export const soundingMaxBytes = 16 * 1024;
/** Grain of pacing: whole segments of so much time. */
export const grainMs = 21;
export const grainMaxBytes = 64 * 1024;
/** Bursts of a search: the delay at their end tells the rate, whether a queue stands or not; it drains between them. */
export const burstMs = 30;
export const burstGrainMs = 12;
/** A search is over when the rate is this sure, or after so long and one and a half round trips, and so many frames. */
export const searchSureShare = 0.06;
export const searchMostMs = 800;
export const searchFramesMin = 4;
/** The queue aimed at, before a grain leaves; more where delays stray. */
export const targetMinMs = 10;
export const targetMaxMs = 45;
export const quietNoiseMs = 1.5;
/** A machine that wakes later than this on average gets a queue longer by twice that, at most so much; a longer delay is no habit. */
export const quietLateMs = 1;
export const lateHeededMostMs = 15;
export const lateMostMs = 100;
export const lateShare = 0.02;
/** Every so often the queue is let run empty, and a little longer: what of the delay stays is the path's. */
export const drainEveryMs = 6_000;
export const drainExtraMs = 15;
export const drainSoonestMs = 1_000;
export const drainMostMs = 250;
/** Beyond these, rate and path have moved since they were looked at closely. */
export const movedShare = 1.05;
export const movedMs = 5;
/** Without news for so long, beyond what is due, nothing leaves but a frame now and then that asks. */
export const silenceMs = 250;
export const holdProbeMs = 300;
/** A shorter silence leaves everything as it was. */
export const hiccupMs = 250;
/** Unconfirmed bytes, as time on the bottleneck: more than so many round trips and this, and they were lost. */
export const overrunRoundTrips = 1.4;
export const overrunMs = 400;
/** Its rate of delivery counts after so long. Lanes that mend are silent for this and two round trips. */
export const backlogSureMs = 500;
export const mendingMs = 500;
/** What lanes delivered while they mended is begun with at this share: what they repeat may stand in the queue still. */
export const mendedShare = 0.85;
/** What is delivered bounds the rate: the bottleneck gives this share of it at least, and so many times it at most. */
export const deliveredShare = 0.8;
export const deliveredTimesMost = 4;
export const windowRoundTrips = 1.4;
export const windowSlackMs = 350;
/** Or so many round trips and this: the shore confirms a thin line once in 10 to 13 KB (an ACK costs 1 % of what came), or so late. */
export const windowAckRoundTrips = 0.8;
export const windowAckBytes = 16 * 1024;
export const windowAckMostMs = 1_500;
export const windowMaxBytes = 8 * 1024 * 1024;
/** The longest wait told: by then there may be news. */
export const waitMostMs = 1_000;
export const eventsMax = 32;
/** Where a segment takes longer than this, hardly two are ever in the queue together: bursts are sent after each drain. */
export const lonelyMs = 100;
/** After so long without a byte, what was not confirmed before says nothing: it may never be. */
export const idleMs = 1_000;
/** So little says nothing, however long ago the last was. */
export const heartbeatMaxBytes = 400;
/** After so long without a byte, the rate is looked at closely again, */
export const staleMs = 20_000;
/** and after so long it is begun with this share of what was known: others may use the link by now. */
export const oldMs = 600_000;
export const oldShare = 0.7;
export const agedMs = 7_200_000;
export const agedShare = 0.4;
