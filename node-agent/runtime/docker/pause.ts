/**
 * The image of every pod's sandbox, made here so that no registry is needed: one static ELF file of a few hundred bytes. As PID 1 it
 * ignores SIGCHLD, so that the kernel reaps what is orphaned in a shared PID namespace, ends with 0 on SIGTERM and SIGINT, and
 * sleeps otherwise. The code is assembled by hand below, for the two architectures that Node has Linux packages for.
 */
import { tarFile } from './tar.ts';

/** Raised with every change of the bytes: images of other versions stay untouched. */
export const PAUSE_IMAGE = 'paperplane/pause:1';

const LOAD_ADDRESS = 0x400000n;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const CODE_OFFSET = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;
/** handler, flags, restorer, mask: 8 bytes each, on both architectures. */
const SIGACTION_BYTES = 32;

const SIGINT = 2;
const SIGTERM = 15;
const SIGCHLD = 17;
const SIG_IGN = 1n;
/** x86-64 kernels refuse a handler without a restorer; the handler here never returns, so any address does. */
const SA_RESTORER = 0x04000000n;

const u32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];

interface Program {
  readonly machine: number;
  /** `actions`: address of the two sigaction structures, ignore then exit. Answers the code and where in it the handler begins. */
  assemble(actions: number): { readonly code: readonly number[]; readonly handler: number };
}

const X86_64: Program = {
  machine: 62,
  assemble(actions) {
    // mov eax, 13 (rt_sigaction); mov edi, signal; mov esi, action; xor edx, edx; mov r10d, 8; syscall
    const sigaction = (signal: number, action: number): number[] => [0xb8, ...u32(13), 0xbf, ...u32(signal), 0xbe, ...u32(action), 0x31, 0xd2, 0x41, 0xba, ...u32(8), 0x0f, 0x05];
    const start = [...sigaction(SIGCHLD, actions), ...sigaction(SIGTERM, actions + SIGACTION_BYTES), ...sigaction(SIGINT, actions + SIGACTION_BYTES)];
    // mov eax, 34 (pause); syscall; jmp -9
    const sleep = [0xb8, ...u32(34), 0x0f, 0x05, 0xeb, 0xf7];
    // mov eax, 231 (exit_group); xor edi, edi; syscall
    const exit = [0xb8, ...u32(231), 0x31, 0xff, 0x0f, 0x05];
    return { code: [...start, ...sleep, ...exit], handler: start.length + sleep.length };
  },
};

const ARM64: Program = {
  machine: 183,
  assemble(actions) {
    const movz = (register: number, value: number): number[] => u32((0xd2800000 | (value << 5) | register) >>> 0);
    const movkHigh = (register: number, value: number): number[] => u32((0xf2a00000 | (value << 5) | register) >>> 0);
    const address = (register: number, value: number): number[] => [...movz(register, value & 0xffff), ...movkHigh(register, value >>> 16)];
    const svc = u32(0xd4000001);
    const call = (number: number): number[] => [...movz(8, number), ...svc];
    // x0 signal, x1 action, x2 none, x3 size of the mask; 134 is rt_sigaction
    const sigaction = (signal: number, action: number): number[] => [...movz(0, signal), ...address(1, action), ...movz(2, 0), ...movz(3, 8), ...call(134)];
    const start = [...sigaction(SIGCHLD, actions), ...sigaction(SIGTERM, actions + SIGACTION_BYTES), ...sigaction(SIGINT, actions + SIGACTION_BYTES)];
    // There is no pause: ppoll(NULL, 0, NULL, NULL, 0) is 73.
    const body = [...movz(0, 0), ...movz(1, 0), ...movz(2, 0), ...movz(3, 0), ...movz(4, 0), ...call(73)];
    // b back over the body: 26 bits of words
    const sleep = [...body, ...u32((0x14000000 | (-(body.length / 4) & 0x03ffffff)) >>> 0)];
    const exit = [...movz(0, 0), ...call(94)];
    return { code: [...start, ...sleep, ...exit], handler: start.length + sleep.length };
  },
};

const align = (value: number): number => (value + 15) & ~15;

/** The whole executable. */
export function pauseProgram(architecture: 'x64' | 'arm64'): Uint8Array {
  const program = architecture === 'x64' ? X86_64 : ARM64;
  const actionsOffset = align(CODE_OFFSET + program.assemble(0).code.length);
  const { code, handler } = program.assemble(Number(LOAD_ADDRESS) + actionsOffset);
  const size = actionsOffset + 2 * SIGACTION_BYTES;
  const file = Buffer.alloc(size);

  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]).copy(file);
  file.writeUInt16LE(2, 16); // executable
  file.writeUInt16LE(program.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(LOAD_ADDRESS + BigInt(CODE_OFFSET), 24); // entry
  file.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32); // program headers
  file.writeUInt16LE(ELF_HEADER_BYTES, 52);
  file.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  file.writeUInt16LE(1, 56);

  file.writeUInt32LE(1, 64); // load
  file.writeUInt32LE(5, 68); // read, execute
  file.writeBigUInt64LE(LOAD_ADDRESS, 80);
  file.writeBigUInt64LE(LOAD_ADDRESS, 88);
  file.writeBigUInt64LE(BigInt(size), 96);
  file.writeBigUInt64LE(BigInt(size), 104);
  file.writeBigUInt64LE(0x1000n, 112);

  Buffer.from(code).copy(file, CODE_OFFSET);
  const handlerAddress = LOAD_ADDRESS + BigInt(CODE_OFFSET + handler);
  file.writeBigUInt64LE(SIG_IGN, actionsOffset);
  file.writeBigUInt64LE(handlerAddress, actionsOffset + SIGACTION_BYTES);
  file.writeBigUInt64LE(SA_RESTORER, actionsOffset + SIGACTION_BYTES + 8);
  file.writeBigUInt64LE(handlerAddress, actionsOffset + SIGACTION_BYTES + 16);
  return file;
}

/** The image's only layer. */
export const pauseLayer = (architecture: 'x64' | 'arm64'): Uint8Array => tarFile('pause', 0o755, pauseProgram(architecture));
