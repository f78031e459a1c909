// The contract of CloudStore, run by the memory store and by PostgreSQL: what the decisions may rely on.
import { afterAll, beforeAll, describe } from 'vitest';
import type { CloudFixture } from './cloud-fixture.ts';
import { documentContract } from './document-contract.ts';
import { indexingContract } from './indexing-contract.ts';
import { sessionContract } from './session-contract.ts';
import { wholeContract } from './whole-contract.ts';

export function storeContract(name: string, make: () => Promise<CloudFixture>): void {
  describe(`CloudStore (${name})`, () => {
    let fixture: CloudFixture;
    beforeAll(async () => {
      fixture = await make();
    });
    afterAll(() => fixture.close());

    sessionContract(() => fixture);
    documentContract(() => fixture);
    wholeContract(() => fixture);
    indexingContract(() => fixture);
  });
}
