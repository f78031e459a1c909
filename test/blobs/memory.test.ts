import { createMemoryBlobs } from '../../cloud/blobs/memory.ts';
import { blobContract } from '../contracts/blob-contract.ts';

blobContract('memory', async () => ({ blobs: createMemoryBlobs(), cleanUp: async () => {} }));
