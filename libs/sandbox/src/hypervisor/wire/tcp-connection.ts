import { Duplex } from 'node:stream';
import { FLAG, type TcpSegment } from './packets.js';

const WINDOW = 0xffff;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;
const RETRIES = 12;
const SMALLEST_SEGMENT = 536;

export interface TcpPeer {
  readonly localPort: number;
  readonly remotePort: number;
  /** The largest payload that fits the network. */
  readonly maximumSegment: number;
  send(segment: TcpSegment): void;
  /** Nothing more will be sent or understood. */
  closed(): void;
}

type State = 'syn-sent' | 'syn-received' | 'established' | 'closed';

const after = (a: number, b: number): boolean => ((a - b) | 0) > 0;
const add = (a: number, b: number): number => (a + b) >>> 0;
const distance = (from: number, to: number): number => (to - from) >>> 0;

/**
 * One end of a TCP connection with a program in a virtual machine (RFC 9293, without what a wire as long as a pipe does not
 * need: congestion control, window scaling, urgent data, TIME-WAIT). Emits `connect` when it is established. What is lost is
 * sent again; a window of zero stops the writer.
 */
export class TcpConnection extends Duplex {
  #state: State;
  /** Oldest byte that is not acknowledged, next one to send, the one after all that were ever sent. */
  #unacknowledged: number;
  #next: number;
  #highest = 0;
  #peerWindow = 0;
  #expected = 0;
  #segment: number;
  /** Written, not acknowledged; the first byte has the number #unacknowledged. */
  #pending: Buffer = Buffer.alloc(0);
  #written: (() => void) | undefined;
  /** 'wanted': the writer has ended; 'sent': its FIN is on the wire. */
  #ending: 'no' | 'wanted' | 'sent' | 'acknowledged' = 'no';
  #ended: (() => void) | undefined;
  #peerEnded = false;
  /** The window that the machine knows of. */
  #told = WINDOW;
  #timer: NodeJS.Timeout | undefined;
  #retries = 0;
  #duplicates = 0;

  /** @param syn what the machine asked with; undefined: we ask */
  constructor(
    readonly peer: TcpPeer,
    syn?: TcpSegment,
  ) {
    super({ allowHalfOpen: true });
    this.#segment = peer.maximumSegment;
    const start = Math.floor(Math.random() * 2 ** 32);
    this.#unacknowledged = start;
    this.#next = add(start, 1);
    this.#state = syn ? 'syn-received' : 'syn-sent';
    if (syn) this.#meet(syn);
    else this.#sendSyn();
  }

  /** Says yes to the machine that asked. */
  accept(): void {
    if (this.#state === 'syn-received') this.#sendSyn();
  }

  /** A segment of this connection has come. */
  receive(segment: TcpSegment): void {
    if (this.#state === 'closed') return;
    if (segment.flags & FLAG.rst) {
      this.destroy(Object.assign(new Error('the machine refused the connection'), { code: 'ECONNRESET' }));
      return;
    }
    if (this.#state === 'syn-sent') {
      if (!(segment.flags & FLAG.syn) || !(segment.flags & FLAG.ack) || segment.acknowledgment !== this.#next) return;
      this.#meet(segment);
      this.#establish(segment);
      this.#acknowledge();
      this.#transmit();
      return;
    }
    if (segment.flags & FLAG.syn) {
      // It has not heard our answer.
      if (this.#state === 'syn-received' && this.#timer) this.#sendSyn();
      else if (this.#state === 'established') this.#acknowledge();
      return;
    }
    if (!(segment.flags & FLAG.ack)) return;
    if (this.#state === 'syn-received') {
      if (segment.acknowledgment !== this.#next) return;
      this.#establish(segment);
    }
    this.#acknowledged(segment);
    this.#take(segment);
    this.#transmit();
    this.#maybeClosed();
  }

  override _read(): void {
    // Tells a writer that stands still that it may go on.
    if (this.#told < 2 * this.#segment && this.#window() > this.#told && this.#state === 'established') this.#acknowledge();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#written = done;
    if (this.#state === 'established') this.#transmit();
  }

  override _final(done: () => void): void {
    this.#ending = 'wanted';
    this.#ended = done;
    if (this.#state === 'established') this.#transmit();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const tidy = this.#peerEnded && this.#ending === 'acknowledged';
    if (this.#state !== 'closed') {
      this.#state = 'closed';
      clearTimeout(this.#timer);
      if (!tidy) this.#send(FLAG.rst | FLAG.ack, this.#next);
      this.peer.closed();
    }
    done(error);
  }

  #meet(segment: TcpSegment): void {
    this.#expected = add(segment.sequence, 1);
    this.#segment = Math.min(this.peer.maximumSegment, Math.max(SMALLEST_SEGMENT, segment.maximumSegment ?? SMALLEST_SEGMENT));
  }

  #establish(segment: TcpSegment): void {
    this.#state = 'established';
    this.#unacknowledged = this.#next;
    this.#highest = this.#next;
    this.#peerWindow = segment.window;
    this.#stopTimer();
    this.emit('connect');
  }

  #acknowledged({ acknowledgment, window, payload, flags }: TcpSegment): void {
    const sent = after(this.#highest, this.#next) ? this.#highest : this.#next;
    const grew = window > this.#peerWindow;
    const opens = window > 0 && this.#peerWindow === 0;
    this.#peerWindow = window;
    if (!after(acknowledgment, this.#unacknowledged)) {
      const repeats = acknowledgment === this.#unacknowledged && payload.length === 0 && !(flags & FLAG.fin) && !grew;
      if (opens || (repeats && sent !== this.#unacknowledged && ++this.#duplicates === 3)) this.#again();
      return;
    }
    if (after(acknowledgment, sent)) return;
    let count = distance(this.#unacknowledged, acknowledgment);
    this.#unacknowledged = acknowledgment;
    if (after(acknowledgment, this.#next)) this.#next = acknowledgment;
    this.#duplicates = 0;
    if (this.#ending !== 'no' && count > this.#pending.length) {
      this.#ending = 'acknowledged';
      this.#ended?.();
      count = this.#pending.length;
    }
    this.#pending = this.#pending.subarray(count);
    this.#stopTimer();
    if (this.#pending.length === 0 && this.#written) {
      const written = this.#written;
      this.#written = undefined;
      written();
    }
    if (this.#unacknowledged !== this.#next) this.#startTimer();
  }

  #take({ sequence, payload, flags }: TcpSegment): void {
    const isEnd = (flags & FLAG.fin) !== 0;
    if (payload.length === 0 && !isEnd) {
      // A keep-alive asks with a number that is behind.
      if (sequence !== this.#expected) this.#acknowledge();
      return;
    }
    const known = distance(sequence, this.#expected);
    if (after(sequence, this.#expected) || known > payload.length || this.#peerEnded || this.readableLength > 2 * WINDOW) {
      this.#acknowledge();
      return;
    }
    const fresh = payload.subarray(known);
    this.#expected = add(this.#expected, fresh.length);
    if (fresh.length > 0) this.push(Buffer.from(fresh));
    if (isEnd) {
      this.#expected = add(this.#expected, 1);
      this.#peerEnded = true;
      this.push(null);
    }
    this.#acknowledge();
  }

  /** As much as the window lets through. */
  #transmit(): void {
    if (this.#state !== 'established' || this.#ending === 'acknowledged') return;
    for (;;) {
      const inFlight = distance(this.#unacknowledged, this.#next);
      const left = this.#pending.length - inFlight;
      const room = this.#peerWindow - inFlight;
      if (left <= 0 || room <= 0) break;
      const size = Math.min(left, room, this.#segment);
      this.#send(FLAG.ack | FLAG.psh, this.#next, this.#pending.subarray(inFlight, inFlight + size));
      this.#next = add(this.#next, size);
    }
    if (this.#ending === 'wanted' && distance(this.#unacknowledged, this.#next) === this.#pending.length) {
      this.#send(FLAG.ack | FLAG.fin, this.#next);
      this.#next = add(this.#next, 1);
      this.#ending = 'sent';
    }
    if ((this.#pending.length > 0 || this.#ending === 'sent') && !this.#timer) this.#startTimer();
  }

  /** From the oldest byte on; into a closed window one byte, to learn when it opens. */
  #again(): void {
    if (after(this.#next, this.#highest)) this.#highest = this.#next;
    this.#next = this.#unacknowledged;
    if (this.#ending === 'sent') this.#ending = 'wanted';
    if (this.#peerWindow === 0 && this.#pending.length > 0) {
      this.#send(FLAG.ack | FLAG.psh, this.#next, this.#pending.subarray(0, 1));
      this.#next = add(this.#next, 1);
    }
    this.#transmit();
  }

  #sendSyn(): void {
    const answer = this.#state === 'syn-received';
    this.#send(answer ? FLAG.syn | FLAG.ack : FLAG.syn, this.#unacknowledged, undefined, this.peer.maximumSegment);
    this.#startTimer();
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retries);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // A machine that says its window is closed is there, however long it takes.
      if (this.#peerWindow > 0 || this.#state !== 'established') this.#retries += 1;
      if (this.#retries > RETRIES) {
        this.destroy(Object.assign(new Error('the machine does not answer'), { code: 'ETIMEDOUT' }));
      } else if (this.#state === 'established') this.#again();
      else this.#sendSyn();
    }, pause);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#retries = 0;
  }

  #acknowledge(): void {
    this.#send(FLAG.ack, this.#next);
  }

  /** What may still come; nothing rather than crumbs. */
  #window(): number {
    const free = WINDOW - this.readableLength;
    return free < this.#segment ? 0 : free;
  }

  #send(flags: number, sequence: number, payload: Buffer = Buffer.alloc(0), maximumSegment?: number): void {
    this.#told = this.#window();
    this.peer.send({
      sourcePort: this.peer.localPort,
      destinationPort: this.peer.remotePort,
      sequence,
      acknowledgment: this.#expected,
      flags,
      window: this.#told,
      maximumSegment,
      payload,
    });
  }

  #maybeClosed(): void {
    if (!this.#peerEnded || this.#ending !== 'acknowledged') return;
    // The stream closes by itself once its reader has taken what is left.
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.peer.closed();
  }
}
