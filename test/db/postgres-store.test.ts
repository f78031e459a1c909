import { registryContract } from '../contracts/registry-contract.ts';
import { storeContract } from '../contracts/store-contract.ts';
import { postgresCloud } from '../support/postgres-cloud.ts';

storeContract('PostgreSQL', postgresCloud);
registryContract('PostgreSQL', postgresCloud);
