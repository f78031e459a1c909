// The words tender's own messages, and those of the system below it, are made of. A message in a bundle keeps these and nothing
// else: what is not here might be a name. Add a word when a message lost one that mattered; never a name or a place.

import { describe } from '../../machines/describe.ts';
import type { Json } from '../../machines/json.ts';
import { definitionOf, registry } from '../../machines/registry.ts';
import * as catalogue from '../../machines/why-words.ts';

const words = `
a aboard aborted about above absolute accept accepted accepting accepts acknowledged acknowledges act
action actions active actor add added adding address admission afraid after afterwards again agent ago
agree ahead air all allocate allocated allow allowed alone along already altname among an and announced
another answer answered answering answers any anything apart api application are args argument armed
arrived as ashore aside ask asked asks assign assignment assume at attempt audit authenticate authorised
authorities authority authorization automatic available average await awaited away back backoff backup
bad base basename be became because been before begin beginning behind being belong belongs below beside
better between beyond bigger bind blob blocked body both bounded bps breaker breakers breaking breaks
brings broke broken browser bucket buffer built bundle busy but by bypass byte bytes cache call caller
calls came can cancel cancelled cannot cap captive carries carry case cause ceiling cell certificate
certificates chain change changed changes characters check checked checking checkpoint checkpointed
checks checksums chmod choose chrony chunk chunker claim class client clock clocks close closed closes
closing cloud code com come comes command commands common compact compare comparing completed components
compressed computer config configuration confirm confirmed conn connect connected connecting connection
connections connector connects consecutive contact contains content context contract control copies copy
correct corrects corrupt corrupted corruption cost costs could count counted counts created critical
crossed ctime ctrl currency cursor cut daemon damage damaged dashes database date day dead decide
decimal decimals decision decoded decoder deduped deep default degradation degraded delays delivered
demo denied depth describe describes description descriptor descriptors destination detail details
device devices dial dialer did difference different differs digest digits directory dirty disagreeing
disarmed disconnected disk distrusted dns do docs doctor document documents does done doubles down drop
dropped dry due durable each earlier early effect effects eight either elapsed else empty encoder
encrypted end ended ending ends enough enrol enrolled enrolling enrolment enrols entries entry
environment epoch error errors estimators etc event events ever every everybody everything exactly
example exists exit expected expired extension extensions failed failing fails failure failures false
far fast faster fault faults feature features few field fields file files filter final find findable
finds finished fired fires first fit five fix fixed fixes flag flat fleet floor fold folder folders
folds followed for foreground form format found four frame frames free fresh from full function further
gate gear generation getaddrinfo give given glance go goes gone good goodput got gps group groups guard
guards had handed handler handlers handles handshake hang happen happened happens has hash hashed have
head header heads health held hello help here hex hidden hint history hit hits hold holder holds host
hostname hour hours however http httpbis https hub id identity idle idles ids if in includes incomplete
index indexed initial inode input inside inspect install installs instead intake integer intercepts into
invalid inventory is issuer it item its itself jitter job join journal journalctl json jump just kbit
kbps keep keeps kept kernel key keyed keys kilobytes kind know known knows label lane large larger last
late later learns least leaves ledger left length lengthen less let letter letters level lie lies life
like limit limits line lines link links list listener listening listens lists live local lock log logged
login long longer longest look looked looks lookup loopback loss lossy lost low lower machine machines
made mail main maintenance make makes many mark marks matches matter max may mean meanwhile measured
meets megabytes memory mend message met meta method micros migrate migrated migration milliseconds min
mine minute minutes missing mode modified moment month more most mount mounted mounts move moved moves
ms mtime must naive name named names near nearest need needs neither network never new newer newest news
next nine no nobody node nonce none nor normal not note noted notfound nothing notice notices notify now
ns ntp null number numbers object objects of off offered office offline offset ok old older oldest on
once one ones online only open opened opening opens operation operator option options or order orders
origin other others otherwise our ours out outcome outgoing outstanding over overdue overtake owed own
owned owner owns paced pacing package packet packets page pages parameter params parked parse part
partial party pass passages passes password patch path paths pause paused peer pending people per
percent permission permit permits permitted person phase pid pids pipe place plain please plug plus
policy pong poor port portal ports position posix post prepared present presets previous prints
prioritise priority private probe problem problems proc process processes profile profiles program
programmer programs progress progressed promised promises proof protocol proved proves proxy public
purpose push put quarantine quarantined query questions queue queued quick quiet quota raise random
range rare rate ratio reach reached read readable reader reading readonly reads ready real reason
rebuild rebuilding rebuilds rebuilt receipt receipts reclaim reconcile reconnect record recorded records
recover recovered reference refuse refused refusing registry regular reject rejected relative release
released removed renamed reopened repeat replace replaced replay report request requests rescan reset
resolve resolved resolves respond responded responds response rest restart restarted restore result
resume resumed retention retries retry retrying return returns revoked rewind right rights role room
root round rounds route router routes row rows rss rtt rule run running runs safe said same sample
samples satellite saved saw say says scan scanned scans schedule scope sea seal search searchable
searching second seconds secret section security see seen self semi send sender sending sent sentence
seq served server serves session sessions set sets setting settings settle settled seven several severe
sha share shares ship shore short shorten shortest should show showed shown shows side sides sig sighted
sighting sign signature signatures signed single six size sizes skipped slice slow slowly so sock socket
sockets some somebody something soon source space spare speak spent split spool spooled srtt stale
stalled stands start started state statements states status stay stays stderr step steps still stop
stopped stopping stops storage store stored stream streams succeeded successful such sudo superseded
supported switch synchronous syscall system systemctl table take taken takes taking target tcp tell
tells temporarily ten tender text than that the their them then there they things this those threaded
three thresholds threw through throw ticket time timedatectl timeouts timer timers title tls tm tmp to
today token toml too took tracker transfer transitions travels tried tries trimmed trip tripped trips
trouble true trusted truth try trying turn two type typical unable unavailable unchanged undefined under
understood unencrypted unexpected unexpectedly unit units unix unknown unmounted unprepared unreachable
unread unreadable unsigned until unverified up update upgrade upload uploads uptime urgent url usable
use used user uses usually valid validate validated value values vanished verdict verified verify
verifying version versions view visitor volatile wait waited waiting waits walked wall want wanted wants
warning warnings was watch watched watcher watermark way week weeks weight well went were what when
where whether which while who whoever whole whose why will window wire with within without word words
work works would writable write writer writes writing written wrong wrote yacht yet you yours zero
`;

/** How the system calls its failures. */
const systemCodes = `
EACCES EADDRINUSE EADDRNOTAVAIL EAGAIN EAI_AGAIN EBADF EBUSY ECONNABORTED ECONNREFUSED ECONNRESET EDQUOT
EEXIST EHOSTDOWN EHOSTUNREACH EINVAL EIO EISDIR ELOOP EMFILE ENETDOWN ENETUNREACH ENFILE ENODATA ENODEV
ENOENT ENOMEM ENOSPC ENOTCONN ENOTDIR ENOTFOUND ENXIO EPERM EPIPE EPROTO EROFS ESTALE ESTREAM ETIMEDOUT
EXDEV
`;

const known: ReadonlySet<string> = new Set([
  ...wordsOf(words),
  // What the catalogue says of states, holds and failures, and what the machines say of themselves.
  ...wordsOf(textsOf(JSON.parse(JSON.stringify(catalogue)) as Json)),
  ...Object.keys(registry).flatMap((kind) =>
    wordsOf(textsOf(describe(definitionOf(kind)) as unknown as Json)),
  ),
]);
const codes: ReadonlySet<string> = new Set(systemCodes.split(/\s+/).filter((code) => code !== ''));

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word.length > 1 || word === 'a');
}

function textsOf(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textsOf).join(' ');
}

/** In small letters, with a capital at its beginning or in capitals; a system's code or one of ours. */
export function isPlainWord(word: string): boolean {
  if (codes.has(word) || /^TENDER_[A-Z_]{1,60}$/.test(word)) return true;
  if (known.has(word.toLowerCase())) return /^\p{Lu}?\p{Ll}*$|^\p{Lu}+$/u.test(word);
  return false;
}
