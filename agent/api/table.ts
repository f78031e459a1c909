// All routes of the local API in one list: main.ts serves them, test/generate-aboard-openapi.ts describes them.
import type { Aboard } from './aboard.ts';
import type { Route } from './router.ts';
import { actorRoutes } from './routes/actors.ts';
import { costRoutes } from './routes/costs.ts';
import { feedRoutes } from './routes/feed.ts';
import { logRoutes } from './routes/log.ts';
import { machinesRoutes } from './routes/machines.ts';
import { sessionRoutes } from './routes/session.ts';
import { statusRoutes } from './routes/status.ts';
import { timelineRoutes } from './routes/timeline.ts';
import { type UiPorts, uiRoutes } from './routes/ui.ts';
import { uploadRoutes } from './routes/uploads.ts';

export function apiRoutes(aboard: Aboard, ui: UiPorts): readonly Route[] {
  return [
    ...uploadRoutes(aboard),
    ...feedRoutes(aboard),
    ...costRoutes(aboard),
    ...logRoutes(aboard),
    ...statusRoutes(aboard),
    ...machinesRoutes(aboard.version),
    ...timelineRoutes(aboard),
    ...actorRoutes(aboard),
    ...sessionRoutes(ui.sessions),
    ...uiRoutes(ui),
  ];
}
