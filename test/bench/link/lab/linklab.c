/*
 * linklab - an honest, small emulator of a bad wide-area link.
 *
 *   yacht namespace            this process                cloud namespace
 *   [ sat0 10.77.0.1 ] --TUN--> queue -> modem -> air --TUN--> [ sat0 10.77.0.2 ]
 *                      <------- air <- modem <- queue <-------
 *
 * Every IP packet really crosses this process.  Per direction it goes through
 *   1. a finite tail-drop FIFO in front of the bottleneck (bufferbloat lives here),
 *   2. a serializer of a given bit rate (the modem),
 *   3. the air: random loss (independent or Gilbert-Elliott bursts), outages,
 *   4. propagation delay plus jitter (order kept unless asked otherwise).
 *
 * Time is virtual inside one event loop: a packet's departure is computed from
 * the departure before it, so a late wake-up of this process never changes the
 * emulated rate.  All randomness comes from --seed: one independent stream per
 * direction for loss, one for jitter (a function of time), one for outages.
 *
 * Modes:
 *   linklab run YACHT_NETNS CLOUD_NETNS key=value...   the emulator
 *   linklab echo PORT                                  UDP echo server
 *   linklab probe HOST PORT INTERVAL_MS COUNT          UDP RTT/loss probe
 *
 * Keys of "run" (prefix "up." or "down." = one direction; no prefix = both):
 *   rate=2M        bit/s (k, M, G), 0 = no limit      delay=300   one way, ms
 *   rtt=600        shorthand: delay = rtt/2 both ways  jitter=20   +- ms, one way
 *   reorder=1      independent jitter per packet, packets may overtake
 *   queue=500ms    tail-drop limit as time at line rate, or queue=64000B
 *   loss=0.5       percent, independent per packet
 *   burst=P,R,B[,G]  Gilbert-Elliott in percent per packet: good->bad, bad->good,
 *                  loss while bad, loss while good
 * Keys without a direction:
 *   seed=7  mtu=1500  life=14400 (seconds until it ends by itself)
 *   outages=30+5,60+2     schedule: start+duration, seconds
 *   outage_up=20 outage_down=10     random outages, mean seconds (exponential);
 *                  A-B instead of a mean: uniform between A and B
 *   outage_mode=drop|hold  drop: what is on the air while the link is off is lost;
 *                  hold: the modem keeps its queue and sends it when back
 *   ctl=FIFO stats=FILE profile=NAME
 *
 * Control: write lines to the FIFO:  off | on | cut SECONDS | restart | stats |
 * timeline FILE (bytes sent and the longest wait in each 100 ms, both directions) |
 * set key=value ...      SIGUSR1 = stats to the file; SIGTERM/SIGINT = end, and
 * print the stats as JSON on stdout too.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
#define NEVER UINT64_MAX
#define SEC 1000000000ull
#define MSEC 1000000ull
#define HIST 30000 /* queue-wait histogram: 1 ms bins */
#define BIN_MS 100  /* the timeline: what was sent, and the longest wait, in each bin */
#define BINS 36000  /* an hour; later bins are not kept */
#define FLOWS 4096  /* TCP flows told apart in each direction */

static u64 now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * SEC + t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "linklab: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- randomness: splitmix64, one state per purpose ---------------------- */

static u64 mix(u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}
static double unit(u64 h) { return (h >> 11) * (1.0 / 9007199254740992.0); }
static double rnd(u64 *s) { return unit(mix(*s += 0x9e3779b97f4a7c15ull)); }

/* ---- one direction ------------------------------------------------------ */

struct pkt {
	struct pkt *next;
	u64 arrive, due, seq;
	int len, udp;
	unsigned char data[];
};

struct count { u64 packets, bytes; };

/* One TCP flow, as far as its sender has come: to tell new bytes from repeated
 * ones and to walk from one TLS record to the next. */
struct flow {
	uint32_t ports, next; /* both ports; first byte not seen yet */
	uint32_t left;        /* of the TLS record that is passing */
	int used, have;       /* bytes of the next record's header */
	unsigned char head[5];
};

struct dir {
	const char *name;
	/* parameters */
	double rate, delay_ms, jitter_ms, queue_ms, queue_bytes;
	double loss, ge_p, ge_r, ge_bad, ge_good;
	int reorder;
	/* state */
	int in_fd, out_fd;
	struct pkt *head, *tail; /* waiting, head is being serialized */
	long backlog;            /* bytes waiting, head included */
	long queued;
	u64 head_done, free_at;  /* when head has left; when the modem got idle */
	struct pkt **air;        /* heap ordered by (due, seq) */
	int nair, cap;
	u64 seq, last_due;
	u64 rng, jit_seed;
	int bad;
	/* counters */
	struct count offered, qdrop, sent, lost, outage, delivered;
	u64 write_errors;
	unsigned *hist;
	double wait_max;
	/* what the sender's TCP offered, and what became of datagrams */
	struct count segments, repeated; /* with payload; payload that passed before */
	u64 tcp_packets, tcp_headers, tcp_payload, tls_records, tls_bytes;
	struct count datagrams, datagrams_dropped;
	struct flow *flows;
	float *bin_bytes, *bin_wait;
};

static struct dir D[2] = {{.name = "up"}, {.name = "down"}};
#define UP (&D[0])
#define DOWN (&D[1])

static void add(struct count *c, int len) { c->packets++; c->bytes += len; }

/* ---- link state and outages --------------------------------------------- */

static u64 seed = 1, t0;
static int hold, manual_off, rnd_off, is_off;
static u64 cut_until, rnd_toggle = NEVER;
static double up_a, up_b, dn_a, dn_b; /* b > 0: uniform a..b, else mean a */
static u64 out_rng;
static struct { u64 at, len; } sched[1024];
static int nsched;
static u64 off_since, off_total;
static unsigned outages;

static u64 draw(double a, double b)
{
	double s = b > 0 ? a + (b - a) * rnd(&out_rng) : -a * log(1 - rnd(&out_rng));
	return (u64)(s * 1e9) + 1;
}

static int off_at(u64 t)
{
	if (manual_off || rnd_off || t < cut_until)
		return 1;
	for (int i = 0; i < nsched; i++)
		if (t >= t0 + sched[i].at && t < t0 + sched[i].at + sched[i].len)
			return 1;
	return 0;
}

static u64 next_link_change(u64 t)
{
	u64 n = rnd_toggle;
	if (cut_until > t && cut_until < n)
		n = cut_until;
	for (int i = 0; i < nsched; i++) {
		u64 a = t0 + sched[i].at, b = a + sched[i].len;
		if (a > t && a < n)
			n = a;
		if (b > t && b < n)
			n = b;
	}
	return n;
}

static u64 tx_time(struct dir *d, int len)
{
	return d->rate > 0 ? (u64)(len * 8e9 / d->rate) : 0;
}

static void link_update(u64 t)
{
	while (rnd_toggle <= t) {
		rnd_off = !rnd_off;
		rnd_toggle += rnd_off ? draw(dn_a, dn_b) : draw(up_a, up_b);
	}
	int off = off_at(t);
	if (off && !is_off) {
		off_since = t;
		outages++;
	} else if (!off && is_off) {
		off_total += t - off_since;
		if (hold) /* what was being sent starts again from its beginning */
			for (int i = 0; i < 2; i++)
				if (D[i].head)
					D[i].head_done = t + tx_time(&D[i], D[i].head->len);
	}
	is_off = off;
}

/* ---- the path of a packet ----------------------------------------------- */

static double queue_limit(struct dir *d)
{
	double b = d->queue_bytes > 0 ? d->queue_bytes : d->rate * d->queue_ms / 8000;
	return b < 3000 ? 3000 : b; /* room for two full packets at least */
}

/* TLS records that begin in these bytes, which follow the last ones without a gap. */
static void walk_records(struct dir *d, struct flow *f, const unsigned char *b, int n)
{
	d->tls_bytes += n;
	while (n > 0) {
		if (f->left) {
			int k = (uint32_t)n < f->left ? n : (int)f->left;
			f->left -= k, b += k, n -= k;
			continue;
		}
		f->head[f->have++] = *b++, n--;
		if (f->have == 5) {
			f->left = f->head[3] << 8 | f->head[4];
			f->have = 0;
			d->tls_records++;
		}
	}
}

/* Headers, payload and repetitions of one IPv4 TCP packet as the sender's kernel gave it. */
static void count_tcp(struct dir *d, unsigned char *p, int len)
{
	int ip = (p[0] & 15) * 4;
	if (len < ip + 20)
		return;
	unsigned char *t = p + ip;
	int head = ip + (t[12] >> 4) * 4, n = len - head;
	d->tcp_packets++;
	d->tcp_headers += head;
	uint32_t ports, seq;
	memcpy(&ports, t, 4);
	memcpy(&seq, t + 4, 4);
	seq = ntohl(seq);
	int at = mix(ports) % FLOWS, tries = 0;
	while (d->flows[at].used && d->flows[at].ports != ports && tries++ < FLOWS)
		at = (at + 1) % FLOWS;
	struct flow *f = &d->flows[at];
	if (t[13] & 2) { /* SYN */
		*f = (struct flow){.ports = ports, .next = seq + 1, .used = 1};
		return;
	}
	if (!f->used || f->ports != ports) { /* begun before the counters did */
		*f = (struct flow){.ports = ports, .next = seq, .used = 1};
	}
	if (n <= 0)
		return;
	add(&d->segments, n);
	d->tcp_payload += n;
	int32_t old = (int32_t)(f->next - seq);
	if (old > 0) {
		int again = old < n ? old : n;
		add(&d->repeated, again);
		if (again == n)
			return;
		t += again, n -= again, seq += again;
	} else if (old < 0) { /* never: a sender's new bytes are in order */
		f->left = f->have = 0;
	}
	walk_records(d, f, p + len - n, n);
	f->next = seq + n;
}

/* Bytes by the time they took on the modem: a packet may lie in two bins. */
/* Datagrams (the probe) are left out of the bytes. */
static void to_timeline(struct dir *d, u64 from, u64 to, int len, double wait)
{
	u64 a = (from > t0 ? from - t0 : 0) / (BIN_MS * MSEC), b = (to > t0 ? to - t0 : 0) / (BIN_MS * MSEC);
	for (u64 i = a; i <= b && i < BINS; i++) {
		u64 x = t0 + i * BIN_MS * MSEC, y = x + BIN_MS * MSEC;
		u64 lo = from > x ? from : x, hi = to < y ? to : y;
		d->bin_bytes[i] += to > from ? (hi > lo ? (double)len * (hi - lo) / (to - from) : 0) : len;
	}
	if (b < BINS && wait > d->bin_wait[b])
		d->bin_wait[b] = wait;
}

static void arrive(struct dir *d, unsigned char *buf, int len, u64 t)
{
	int protocol = len >= 20 && buf[0] >> 4 == 4 ? buf[9] : 0;
	add(&d->offered, len);
	if (protocol == 6)
		count_tcp(d, buf, len);
	if (d->rate > 0 && d->backlog + len > queue_limit(d)) {
		add(&d->qdrop, len);
		if (protocol == 17)
			add(&d->datagrams_dropped, len);
		return;
	}
	struct pkt *p = malloc(sizeof *p + len);
	if (!p)
		die("malloc");
	p->next = NULL;
	p->arrive = t;
	p->len = len;
	p->udp = protocol == 17;
	memcpy(p->data, buf, len);
	d->backlog += len;
	d->queued++;
	if (d->head) {
		d->tail->next = p;
	} else {
		d->head = p;
		d->head_done = (t > d->free_at ? t : d->free_at) + tx_time(d, len);
	}
	d->tail = p;
}

static int later(struct pkt *a, struct pkt *b)
{
	return a->due != b->due ? a->due > b->due : a->seq > b->seq;
}

static void air_push(struct dir *d, struct pkt *p)
{
	if (d->nair == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 1024;
		d->air = realloc(d->air, d->cap * sizeof *d->air);
		if (!d->air)
			die("realloc");
	}
	int i = d->nair++;
	for (; i && later(d->air[(i - 1) / 2], p); i = (i - 1) / 2)
		d->air[i] = d->air[(i - 1) / 2];
	d->air[i] = p;
}

static struct pkt *air_pop(struct dir *d)
{
	struct pkt *top = d->air[0], *p = d->air[--d->nair];
	int i = 0;
	for (;;) {
		int c = 2 * i + 1;
		if (c >= d->nair)
			break;
		if (c + 1 < d->nair && later(d->air[c], d->air[c + 1]))
			c++;
		if (!later(p, d->air[c]))
			break;
		d->air[i] = d->air[c];
		i = c;
	}
	if (d->nair)
		d->air[i] = p;
	return top;
}

/*
 * Jitter in -1..1.  Default: a random function of time, piecewise linear with a
 * new value each slot, so that neighbours see nearly the same delay and order is
 * kept without biasing the mean.  With reorder: independent for each packet.
 */
static double jitter(struct dir *d, u64 t)
{
	if (d->reorder)
		return 2 * unit(mix(d->jit_seed ^ mix(d->seq))) - 1;
	u64 slot = (u64)(fmax(50, 2.5 * d->jitter_ms) * 1e6);
	u64 k = (t - t0) / slot;
	double f = (double)((t - t0) % slot) / slot;
	double a = unit(mix(d->jit_seed ^ mix(k))), b = unit(mix(d->jit_seed ^ mix(k + 1)));
	return 2 * (a + (b - a) * f) - 1;
}

static int air_loses(struct dir *d)
{
	double a = rnd(&d->rng), b = rnd(&d->rng), c = rnd(&d->rng);
	if (d->loss > 0 && a < d->loss)
		return 1;
	if (d->ge_p > 0) {
		int hit = b < (d->bad ? d->ge_bad : d->ge_good);
		if (c < (d->bad ? d->ge_r : d->ge_p))
			d->bad = !d->bad;
		return hit;
	}
	return 0;
}

/* The head of the queue has left the modem at time t. */
static void depart(struct dir *d, u64 t)
{
	struct pkt *p = d->head;
	d->head = p->next;
	d->backlog -= p->len;
	d->queued--;
	d->free_at = t;
	if (d->head)
		d->head_done = t + tx_time(d, d->head->len);

	double wait = (double)(t - p->arrive - tx_time(d, p->len)) / 1e6;
	if (t < p->arrive + tx_time(d, p->len))
		wait = 0;
	d->hist[wait < HIST - 1 ? (int)wait : HIST - 1]++;
	if (wait > d->wait_max)
		d->wait_max = wait;

	add(&d->sent, p->len);
	if (p->udp)
		add(&d->datagrams, p->len);
	u64 tx = tx_time(d, p->len);
	to_timeline(d, t > tx ? t - tx : 0, t, p->udp ? 0 : p->len, wait);
	int lost = air_loses(d); /* always drawn: outages do not shift the stream */
	if (is_off && d == UP && !hold) {
		add(&d->outage, p->len);
		free(p);
		return;
	}
	if (lost) {
		add(&d->lost, p->len);
		free(p);
		return;
	}
	p->seq = d->seq++;
	double ms = d->delay_ms + (d->jitter_ms > 0 ? d->jitter_ms * jitter(d, t) : 0);
	p->due = t + (u64)(fmax(0, ms) * 1e6);
	if (!d->reorder && p->due < d->last_due)
		p->due = d->last_due;
	d->last_due = p->due;
	air_push(d, p);
}

/* A packet comes out at the far end.  The antenna that an outage blinds is the
 * yacht's: it loses what it sends (see depart) and what reaches it. */
static void deliver(struct dir *d)
{
	struct pkt *p = air_pop(d);
	if (is_off && d == DOWN && !hold) {
		add(&d->outage, p->len);
	} else {
		add(&d->delivered, p->len);
		if (write(d->out_fd, p->data, p->len) != p->len)
			d->write_errors++;
	}
	free(p);
}

/* Process everything that is due up to `now`, in order; return the next time. */
static u64 advance(u64 now)
{
	static u64 last;
	for (;;) {
		u64 best = next_link_change(last);
		int what = 0, who = 0;
		for (int i = 0; i < 2; i++) {
			struct dir *d = &D[i];
			if (d->nair && d->air[0]->due < best)
				best = d->air[0]->due, what = 1, who = i;
			if (d->head && d->head_done < best && !(hold && is_off))
				best = d->head_done, what = 2, who = i;
		}
		if (best > now) {
			last = now;
			return best;
		}
		last = best > last ? best : last;
		link_update(last);
		if (what == 1)
			deliver(&D[who]);
		else if (what == 2 && !(hold && is_off))
			depart(&D[who], best);
	}
}

/* ---- parameters --------------------------------------------------------- */

static double number(const char *s, char **end)
{
	double v = strtod(s, end);
	if (*end == s) {
		fprintf(stderr, "linklab: not a number: %s\n", s);
		exit(2);
	}
	return v;
}

static double si(const char *s)
{
	char *e;
	double v = number(s, &e);
	return *e == 'k' || *e == 'K' ? v * 1e3 : *e == 'M' ? v * 1e6 : *e == 'G' ? v * 1e9 : v;
}

static void range(const char *s, double *a, double *b)
{
	char *e;
	*a = number(s, &e);
	*b = *e == '-' ? number(e + 1, &e) : 0;
}

static int mtu = 1500;
static double life = 14400;
static char ctl_path[512], stats_path[512], profile[64] = "custom";

static int set_dir(struct dir *d, const char *k, const char *v)
{
	char *e;
	if (!strcmp(k, "rate"))
		d->rate = si(v);
	else if (!strcmp(k, "delay"))
		d->delay_ms = number(v, &e);
	else if (!strcmp(k, "rtt"))
		d->delay_ms = number(v, &e) / 2;
	else if (!strcmp(k, "jitter"))
		d->jitter_ms = number(v, &e);
	else if (!strcmp(k, "reorder"))
		d->reorder = atoi(v);
	else if (!strcmp(k, "loss"))
		d->loss = number(v, &e) / 100;
	else if (!strcmp(k, "queue")) {
		double q = number(v, &e);
		if (*e == 'B')
			d->queue_bytes = q, d->queue_ms = 0;
		else
			d->queue_ms = q, d->queue_bytes = 0;
	} else if (!strcmp(k, "burst")) {
		double x[4] = {0};
		if (sscanf(v, "%lf,%lf,%lf,%lf", x, x + 1, x + 2, x + 3) < 3 && x[0] != 0)
			return 0;
		d->ge_p = x[0] / 100, d->ge_r = x[1] / 100;
		d->ge_bad = x[2] / 100, d->ge_good = x[3] / 100;
	} else
		return 0;
	return 1;
}

static int set_key(char *arg)
{
	char *v = strchr(arg, '=');
	if (!v)
		return 0;
	*v++ = 0;
	if (!strncmp(arg, "up.", 3))
		return set_dir(UP, arg + 3, v);
	if (!strncmp(arg, "down.", 5))
		return set_dir(DOWN, arg + 5, v);
	if (!strcmp(arg, "seed"))
		seed = strtoull(v, NULL, 10);
	else if (!strcmp(arg, "mtu"))
		mtu = atoi(v);
	else if (!strcmp(arg, "life"))
		life = atof(v);
	else if (!strcmp(arg, "outage_up"))
		range(v, &up_a, &up_b);
	else if (!strcmp(arg, "outage_down"))
		range(v, &dn_a, &dn_b);
	else if (!strcmp(arg, "outage_mode"))
		hold = !strcmp(v, "hold");
	else if (!strcmp(arg, "outages")) {
		nsched = 0;
		for (char *s = strtok(v, ","); s && nsched < 1024; s = strtok(NULL, ",")) {
			char *e;
			double a = number(s, &e), b = *e ? number(e + 1, &e) : 0;
			sched[nsched].at = (u64)(a * 1e9);
			sched[nsched++].len = (u64)(b * 1e9);
		}
	} else if (!strcmp(arg, "ctl"))
		snprintf(ctl_path, sizeof ctl_path, "%s", v);
	else if (!strcmp(arg, "stats"))
		snprintf(stats_path, sizeof stats_path, "%s", v);
	else if (!strcmp(arg, "profile"))
		snprintf(profile, sizeof profile, "%s", v);
	else
		return set_dir(UP, arg, v) && set_dir(DOWN, arg, v);
	return 1;
}

/* Time zero is now: counters, random streams and outage clock start afresh. */
static void restart(u64 t)
{
	t0 = t;
	for (int i = 0; i < 2; i++) {
		struct dir *d = &D[i];
		d->rng = mix(seed * 4 + i + 1);
		d->jit_seed = mix(seed * 4 + i + 0x1000);
		d->bad = 0;
		d->seq = 0;
		d->wait_max = 0;
		d->write_errors = 0;
		memset(d->hist, 0, HIST * sizeof *d->hist);
		memset(d->bin_bytes, 0, BINS * sizeof *d->bin_bytes);
		memset(d->bin_wait, 0, BINS * sizeof *d->bin_wait);
		d->segments = d->repeated = d->datagrams = d->datagrams_dropped = (struct count){0, 0};
		d->tcp_packets = d->tcp_headers = d->tcp_payload = d->tls_records = d->tls_bytes = 0;
		d->offered = d->qdrop = d->sent = d->lost = d->outage = d->delivered =
			(struct count){0, 0};
	}
	out_rng = mix(seed * 4 + 0x2000);
	rnd_off = 0;
	rnd_toggle = up_a > 0 ? t + draw(up_a, up_b) : NEVER;
	off_total = outages = 0;
	is_off = 0;
	link_update(t);
}

/* ---- statistics --------------------------------------------------------- */

static double pct(struct dir *d, double q)
{
	u64 n = 0, c = 0;
	for (int i = 0; i < HIST; i++)
		n += d->hist[i];
	for (int i = 0; i < HIST; i++)
		if ((c += d->hist[i]) >= q * n && n)
			return i + 1 < d->wait_max ? i + 1 : d->wait_max;
	return 0;
}

static void put(FILE *f, const char *k, struct count c)
{
	fprintf(f, "\"%s\":{\"packets\":%llu,\"bytes\":%llu},", k,
		(unsigned long long)c.packets, (unsigned long long)c.bytes);
}

static void print_stats(FILE *f)
{
	u64 t = now_ns();
	fprintf(f, "{\"profile\":\"%s\",\"seed\":%llu,\"elapsed_s\":%.3f,", profile,
		(unsigned long long)seed, (t - t0) / 1e9);
	fprintf(f, "\"link\":\"%s\",\"outages\":%u,\"off_s\":%.3f", is_off ? "off" : "on",
		outages, (off_total + (is_off ? t - off_since : 0)) / 1e9);
	for (int i = 0; i < 2; i++) {
		struct dir *d = &D[i];
		fprintf(f, ",\n\"%s\":{\"rate_bps\":%.0f,", d->name, d->rate);
		put(f, "offered", d->offered);
		put(f, "queue_dropped", d->qdrop);
		put(f, "sent", d->sent);
		put(f, "loss_dropped", d->lost);
		put(f, "outage_dropped", d->outage);
		put(f, "delivered", d->delivered);
		put(f, "datagrams", d->datagrams);
		put(f, "datagrams_dropped", d->datagrams_dropped);
		put(f, "tcp_segments", d->segments);
		put(f, "tcp_repeated", d->repeated);
		fprintf(f, "\"tcp\":{\"packets\":%llu,\"header_bytes\":%llu,\"payload_bytes\":%llu,"
			"\"tls_records\":%llu,\"stream_bytes\":%llu},",
			(unsigned long long)d->tcp_packets, (unsigned long long)d->tcp_headers,
			(unsigned long long)d->tcp_payload, (unsigned long long)d->tls_records,
			(unsigned long long)d->tls_bytes);
		fprintf(f, "\"queued_packets\":%ld,\"flying_packets\":%d,\"write_errors\":%llu,",
			d->queued, d->nair, (unsigned long long)d->write_errors);
		fprintf(f, "\"queue_wait_ms\":{\"p50\":%.0f,\"p95\":%.0f,\"p99\":%.0f,\"max\":%.0f}}",
			pct(d, .5), pct(d, .95), pct(d, .99), d->wait_max);
	}
	fprintf(f, "}\n");
}

/* "bin bytes wait_ms" of the uplink and the same of the downlink, one bin in each line. */
static void write_timeline(const char *path)
{
	FILE *f = fopen(path, "w");
	if (!f)
		return;
	u64 n = (now_ns() - t0) / (BIN_MS * MSEC);
	for (u64 i = 0; i < n && i < BINS; i++)
		fprintf(f, "%.1f %.1f %.1f %.1f\n", UP->bin_bytes[i], UP->bin_wait[i], DOWN->bin_bytes[i],
			DOWN->bin_wait[i]);
	fclose(f);
}

static void write_stats(void)
{
	if (!*stats_path)
		return;
	char tmp[600];
	snprintf(tmp, sizeof tmp, "%s.tmp", stats_path);
	FILE *f = fopen(tmp, "w");
	if (!f)
		return;
	print_stats(f);
	fclose(f);
	rename(tmp, stats_path);
}

/* ---- set-up and main loop ----------------------------------------------- */

static int open_tun(const char *netns)
{
	char path[256];
	snprintf(path, sizeof path, "/run/netns/%s", netns);
	int ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die(path);
	close(ns);
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq r = {0};
	r.ifr_flags = IFF_TUN | IFF_NO_PI; /* no offloads: plain packets <= MTU */
	strcpy(r.ifr_name, "sat0");
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r))
		die("tun");
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r.ifr_mtu = mtu;
	if (s < 0 || ioctl(s, SIOCSIFMTU, &r))
		die("mtu");
	r.ifr_qlen = 10000; /* only a hand-over ring: the real queue is in here */
	if (ioctl(s, SIOCSIFTXQLEN, &r))
		die("txqueuelen");
	close(s);
	return fd;
}

static volatile sig_atomic_t want_stats, want_end;
static void on_signal(int s)
{
	if (s == SIGUSR1)
		want_stats = 1;
	else
		want_end = 1;
}

static void command(char *line, u64 t)
{
	char *w = strtok(line, " ");
	if (!w)
		return;
	if (!strcmp(w, "off"))
		manual_off = 1;
	else if (!strcmp(w, "on"))
		manual_off = 0, cut_until = 0;
	else if (!strcmp(w, "cut")) {
		char *s = strtok(NULL, " ");
		cut_until = t + (u64)((s ? atof(s) : 1) * 1e9);
	} else if (!strcmp(w, "restart"))
		restart(t);
	else if (!strcmp(w, "stats"))
		write_stats();
	else if (!strcmp(w, "timeline")) {
		char *path = strtok(NULL, " "), tmp[600];
		if (path && strlen(path) < 590) {
			snprintf(tmp, sizeof tmp, "%s.tmp", path);
			write_timeline(tmp);
			rename(tmp, path);
		}
	}
	else if (!strcmp(w, "set")) {
		char *args[64];
		int n = 0;
		for (char *a; n < 64 && (a = strtok(NULL, " "));)
			args[n++] = a;
		for (int i = 0; i < n; i++)
			if (!set_key(args[i]))
				fprintf(stderr, "linklab: bad key: %s\n", args[i]);
	} else
		fprintf(stderr, "linklab: unknown command: %s\n", w);
	link_update(t);
}

static int run(int argc, char **argv)
{
	for (int i = 0; i < 2; i++) {
		D[i].queue_ms = 500;
		D[i].hist = calloc(HIST, sizeof *D[i].hist);
		D[i].bin_bytes = calloc(BINS, sizeof *D[i].bin_bytes);
		D[i].bin_wait = calloc(BINS, sizeof *D[i].bin_wait);
		D[i].flows = calloc(FLOWS, sizeof *D[i].flows);
	}
	for (int i = 4; i < argc; i++) {
		char copy[4096];
		snprintf(copy, sizeof copy, "%s", argv[i]);
		if (!set_key(copy)) {
			fprintf(stderr, "linklab: bad argument: %s\n", argv[i]);
			return 2;
		}
	}
	int a = open_tun(argv[2]), b = open_tun(argv[3]);
	UP->in_fd = a, UP->out_fd = b;
	DOWN->in_fd = b, DOWN->out_fd = a;

	/* Opened for reading and writing so that it never reports end of file. */
	int ctl = *ctl_path ? open(ctl_path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;

	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t block, open_set;
	sigemptyset(&block);
	int sigs[] = {SIGUSR1, SIGTERM, SIGINT, SIGHUP};
	for (int i = 0; i < 4; i++)
		sigaction(sigs[i], &sa, NULL), sigaddset(&block, sigs[i]);
	sigprocmask(SIG_BLOCK, &block, &open_set); /* delivered only inside ppoll */

	struct sched_param sp = {.sched_priority = 1};
	sched_setscheduler(0, SCHED_RR, &sp); /* best effort: punctual wake-ups */

	restart(now_ns());
	u64 end = life > 0 ? now_ns() + (u64)(life * 1e9) : NEVER;
	printf("ready\n");
	fflush(stdout);

	static unsigned char buf[65536];
	char line[4096];
	size_t have = 0;
	while (!want_end) {
		u64 now = now_ns(), next = advance(now);
		if (now >= end)
			break;
		if (next > end)
			next = end;
		now = now_ns();
		u64 wait = next > now ? next - now : 0;
		struct timespec ts = {wait / SEC, wait % SEC};
		struct pollfd p[3] = {{a, POLLIN, 0}, {b, POLLIN, 0}, {ctl, POLLIN, 0}};
		if (ppoll(p, 3, &ts, &open_set) < 0 && errno != EINTR)
			die("ppoll");
		if (want_stats) {
			want_stats = 0;
			advance(now_ns());
			write_stats();
		}
		for (int i = 0; i < 2; i++) {
			int n;
			for (int k = 0; k < 256; k++) { /* bounded: both sides get turns */
				n = read(D[i].in_fd, buf, sizeof buf);
				if (n <= 0)
					break;
				u64 t = now_ns();
				advance(t);
				arrive(&D[i], buf, n, t);
			}
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				want_end = 1; /* the device is gone */
		}
		ssize_t n = ctl >= 0 ? read(ctl, line + have, sizeof line - 1 - have) : 0;
		if (n > 0) {
			have += n;
			char *nl;
			while ((nl = memchr(line, '\n', have))) {
				*nl = 0;
				u64 t = now_ns();
				advance(t);
				size_t used = nl - line + 1;
				command(line, t);
				memmove(line, line + used, have -= used);
			}
			if (have == sizeof line - 1)
				have = 0;
		}
	}
	write_stats();
	print_stats(stdout);
	return 0;
}

/* ---- UDP echo and probe ------------------------------------------------- */

static _Noreturn void echo(int port)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)}, from;
	if (s < 0 || bind(s, (void *)&a, sizeof a))
		die("echo");
	char b[2048];
	for (;;) {
		socklen_t l = sizeof from;
		ssize_t n = recvfrom(s, b, sizeof b, 0, (void *)&from, &l);
		if (n > 0)
			sendto(s, b, n, 0, (void *)&from, l);
	}
}

static int cmp(const void *x, const void *y)
{
	double a = *(double *)x, b = *(double *)y;
	return (a > b) - (a < b);
}

/* One 172-byte datagram (a 200-byte IP packet: one G.711 voice frame) per interval. */
static volatile sig_atomic_t enough; /* SIGTERM: ask no more, wait for what is on its way, tell */
static void on_enough(int sig) { (void)sig; enough = 1; }

/* One JSON object at the end on stdout; with each=1 a line "ms rtt_ms" per answer on stderr as well. */
static int probe(const char *host, int port, double every_ms, int count, int each)
{
	struct sigaction stop = {.sa_handler = on_enough};
	sigaction(SIGTERM, &stop, NULL);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	if (s < 0 || inet_pton(AF_INET, host, &a.sin_addr) != 1 || connect(s, (void *)&a, sizeof a))
		die("probe");
	double *rtt = calloc(count, sizeof *rtt);
	char *seen = calloc(count, 1), b[2048] = {0};
	u64 start = now_ns(), grace = 5 * SEC;
	int sent = 0, got = 0;
	u64 end = start + (u64)(count * every_ms * 1e6) + grace;
	for (u64 t; (t = now_ns()) < end && !(sent == count && got == count);) {
		if (enough && count > sent) {
			count = sent;
			end = t + grace;
		}
		u64 next = sent < count ? start + (u64)(sent * every_ms * 1e6) : end;
		if (t >= next) {
			memcpy(b, &sent, 4);
			memcpy(b + 4, &t, 8);
			if (send(s, b, 172, 0) < 0) {} /* counted as lost */
			sent++;
			continue;
		}
		struct pollfd p = {s, POLLIN, 0};
		struct timespec ts = {(next - t) / SEC, (next - t) % SEC};
		if (ppoll(&p, 1, &ts, NULL) <= 0)
			continue;
		int id;
		u64 at;
		if (recv(s, b, sizeof b, 0) != 172)
			continue;
		memcpy(&id, b, 4);
		memcpy(&at, b + 4, 8);
		if (id >= 0 && id < sent && !seen[id]) {
			seen[id] = 1;
			rtt[got++] = (now_ns() - at) / 1e6;
			if (each)
				fprintf(stderr, "%.0f %.2f\n", (at - start) / 1e6, rtt[got - 1]);
		}
	}
	qsort(rtt, got, sizeof *rtt, cmp);
#define Q(q) (got ? rtt[(int)((got - 1) * (q))] : 0)
	printf("{\"sent\":%d,\"received\":%d,\"loss_pct\":%.2f,\"rtt_ms\":{\"min\":%.2f,"
	       "\"p50\":%.2f,\"p95\":%.2f,\"p99\":%.2f,\"max\":%.2f}}\n",
	       sent, got, sent ? 100.0 * (sent - got) / sent : 0, Q(0), Q(.5), Q(.95), Q(.99), Q(1));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "run"))
		return run(argc, argv);
	if (argc == 3 && !strcmp(argv[1], "echo"))
		echo(atoi(argv[2]));
	if ((argc == 6 || argc == 7) && !strcmp(argv[1], "probe"))
		return probe(argv[2], atoi(argv[3]), atof(argv[4]), atoi(argv[5]), argc == 7);
	fprintf(stderr, "usage: linklab run YACHT_NETNS CLOUD_NETNS key=value... |"
			" echo PORT | probe HOST PORT INTERVAL_MS COUNT\n");
	return 2;
}
