/** Every command with its one line for the overview; the module is loaded only when the command is asked for. */
import type { Command } from '../command.ts';

export interface CommandEntry {
  about: string;
  command: () => Promise<Command>;
}

/** Commands differ in their option types; the dispatcher parses by the specs, so it may forget them. */
const entry = (about: string, load: () => Promise<unknown>): CommandEntry => ({
  about,
  command: async () => (await load()) as Command,
});

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  config: entry(
    'every setting in force and where it came from',
    async () => (await import('./config.ts')).configCommand,
  ),
  doctor: entry(
    'what this machine lacks, and what to do about it',
    async () => (await import('./doctor.ts')).doctorCommand,
  ),
};
