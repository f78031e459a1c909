// What goes wrong in machines/, with a stable code. A Refusal is a value (bad input from outside); a MachineError is
// thrown where only a broken definition, a foreign head or a defect can be the cause, and stops that one actor.

export type MachineErrorCode =
  | 'TENDER_KIND_UNKNOWN' // no machine of that name
  | 'TENDER_INPUT_INVALID' // the input an actor was to be created with
  | 'TENDER_EVENT_UNKNOWN' // an event type that machine does not know
  | 'TENDER_EVENT_INVALID' // a known event with a missing, extra or wrong field
  | 'TENDER_HEAD_INVALID' // a stored cell that this machine could not have written
  | 'TENDER_HISTORY_FROM_THE_FUTURE' // a record or head of a newer machine version
  | 'TENDER_HISTORY_BROKEN' // records missing, out of order, or not leading where they say
  | 'TENDER_MACHINE_DEFINITION' // a machine uses what machines here may not use
  | 'TENDER_VALUE_NOT_JSON'; // undefined, NaN or an object JSON would change

/** Why something was not taken: `code` for programs, `message` for people. */
export interface Refusal {
  readonly code: MachineErrorCode;
  readonly message: string;
}

export class MachineError extends Error {
  readonly code: MachineErrorCode;

  constructor(code: MachineErrorCode, message: string) {
    super(message);
    this.name = 'MachineError';
    this.code = code;
  }
}
