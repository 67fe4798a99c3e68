const EPOCH_1900 = 2_208_988_800;

/** What an NTP server answers (RFC 5905, client mode in, server mode out); undefined for what is no question. */
export function timeAnswer(question: Buffer, now: number = Date.now()): Buffer | undefined {
  if (question.length < 48 || (question.readUInt8(0) & 7) !== 3) return undefined;
  const version = (question.readUInt8(0) >> 3) & 7;
  const answer = Buffer.alloc(48);
  answer[0] = (version << 3) | 4;
  // Stratum 10: this machine's own clock, whoever sets it.
  answer.set([10, 6, 0xec], 1);
  answer.writeUInt32BE(0x100, 8);
  answer.write('LOCL', 12, 'ascii');
  const seconds = Math.floor(now / 1000) + EPOCH_1900;
  const fraction = Math.floor(((now % 1000) / 1000) * 2 ** 32);
  for (const at of [16, 32, 40]) {
    answer.writeUInt32BE(seconds >>> 0, at);
    answer.writeUInt32BE(fraction >>> 0, at + 4);
  }
  question.copy(answer, 24, 40, 48);
  return answer;
}
