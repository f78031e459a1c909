-- The schema of the first voyage. Times that travel are ms since 1970 (bigint); names are bytes; ids are random.
-- Every row of a tenant carries tenant_id, and row-level security is forced on every such table (test/db/rls.test.ts).
create schema tender;

create table tender.migration (
  number integer primary key,
  applied_at timestamptz not null default now()
);

-- The tenant of the running transaction: set_config('tender.tenant', id, true). Unset: null, and nothing is visible.
create function tender.tenant_id() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('tender.tenant', true), '')::uuid;

create function tender.now_ms() returns bigint
  language sql stable parallel safe
  return floor(extract(epoch from statement_timestamp()) * 1000)::bigint;

-- Who ---------------------------------------------------------------------------------------------------------------

create table tender.tenant (
  tenant_id uuid primary key,
  name text not null unique,
  created_ms bigint not null default tender.now_ms()
);

create table tender.device (
  device_id uuid primary key,
  tenant_id uuid not null references tender.tenant,
  name text not null,
  public_key bytea not null check (length(public_key) = 32),
  revoked boolean not null default false,
  enrolled_ms bigint not null default tender.now_ms(),
  -- The session that counts. Every transaction that writes for the device compares the epoch under a share lock.
  epoch bigint not null default 0,
  log_id text,
  boot bigint,
  session_id text
);
create index device_tenant on tender.device (tenant_id);

-- Logs a device has left behind by a takeover: a copy that still runs one of them is refused for ever.
create table tender.device_log (
  device_id uuid not null references tender.device,
  log_id text not null,
  tenant_id uuid not null,
  retired_ms bigint not null default tender.now_ms(),
  primary key (device_id, log_id)
);

-- Its own row, not the device's: counting a notice must not wait for the line, which holds the device's row shared.
create table tender.notice_counter (
  device_id uuid primary key references tender.device,
  tenant_id uuid not null,
  last bigint not null default 0,
  acknowledged bigint not null default 0
);

create table tender.enrolment (
  enrolment_id uuid primary key,
  tenant_id uuid not null references tender.tenant,
  code_hash bytea not null unique,
  device_name text not null,
  expires_ms bigint not null,
  device_id uuid references tender.device
);
create index enrolment_tenant on tender.enrolment (tenant_id, expires_ms desc);

create table tender.token (
  token_id uuid primary key,
  tenant_id uuid not null references tender.tenant,
  hash bytea not null unique,
  name text not null,
  scopes text[] not null,
  created_ms bigint not null default tender.now_ms(),
  expires_ms bigint,
  revoked boolean not null default false
);
create index token_tenant on tender.token (tenant_id);

-- Bytes -------------------------------------------------------------------------------------------------------------

create table tender.chunk (
  tenant_id uuid not null,
  id bytea not null check (length(id) = 32),
  segment text not null,
  place_offset bigint not null,
  length integer not null,
  primary key (tenant_id, id)
);

-- What each segment is used for, for people and the collector. A view: a counter row would make every writer of a
-- tenant wait for the one before it.
create view tender.segment with (security_invoker = true) as
  select tenant_id, segment, count(*) as chunks, sum(length) as bytes from tender.chunk group by tenant_id, segment;

-- Documents on their way in -----------------------------------------------------------------------------------------

create table tender.open_upload (
  device_id uuid not null references tender.device,
  upload_id text not null,
  tenant_id uuid not null,
  name bytea not null,
  version bigint not null,
  priority integer not null,
  modified_ms bigint not null,
  epoch bigint not null,
  opened_ms bigint not null default tender.now_ms(),
  touched_ms bigint not null default tender.now_ms(),
  primary key (device_id, upload_id)
);
-- A name may be longer than an index entry (2,704 bytes), so its hash stands for it.
create unique index open_upload_version on tender.open_upload (device_id, sha256(name), version);
create index open_upload_tenant on tender.open_upload (tenant_id, upload_id);

-- The open manifest: a row a durable batch, packed entries (cloud/db/manifest.ts).
create table tender.open_part (
  device_id uuid not null,
  upload_id text not null,
  part bigint generated always as identity,
  tenant_id uuid not null,
  entries bytea not null,
  primary key (device_id, upload_id, part),
  foreign key (device_id, upload_id) references tender.open_upload on delete cascade
);
alter table tender.open_part alter column entries set storage external;

-- Documents ashore --------------------------------------------------------------------------------------------------

create table tender.document (
  document_id uuid primary key,
  tenant_id uuid not null,
  device_id uuid not null references tender.device,
  name bytea not null,
  -- For search only; never a path, never compared.
  name_text text not null,
  head bigint not null,
  stored_ms bigint not null,
  -- The version whose passages are kept, 0 while there is none.
  indexed_head bigint not null default 0,
  name_search tsvector generated always as (
    to_tsvector('simple', regexp_replace(name_text, '[^[:alnum:]]+', ' ', 'g'))
  ) stored
);
create unique index document_name on tender.document (device_id, sha256(name));
create index document_inventory on tender.document (device_id, substring(name from 1 for 1024));
create index document_newest on tender.document (tenant_id, stored_ms desc, document_id desc);
create index document_search on tender.document using gin (name_search);

create table tender.version (
  document_id uuid not null references tender.document,
  version bigint not null,
  tenant_id uuid not null,
  device_id uuid not null references tender.device,
  upload_id text not null,
  length_bytes bigint not null,
  sha256 bytea not null check (length(sha256) = 32),
  -- Packed entries (cloud/db/manifest.ts): one value instead of 75,000 rows for a 5 GB document.
  manifest bytea not null,
  priority integer not null,
  modified_ms bigint not null,
  stored_ms bigint not null,
  state text not null default 'waiting' check (state in ('waiting', 'indexing', 'indexed', 'failed')),
  -- Raised by every worker that takes the version up: an older attempt's result changes nothing.
  attempt integer not null default 0,
  passages integer not null default 0,
  code text not null default '',
  reason text not null default '',
  indexed_ms bigint,
  primary key (document_id, version)
);
alter table tender.version alter column manifest set storage external;
create unique index version_upload on tender.version (device_id, upload_id);
create index version_tenant_upload on tender.version (tenant_id, upload_id);
create index version_unfinished on tender.version (state, tenant_id) where state <> 'indexed';

create table tender.passage (
  document_id uuid not null references tender.document,
  ordinal integer not null,
  tenant_id uuid not null,
  text text not null check (octet_length(text) <= 8192),
  -- Both: 'simple' finds every language's words as written, 'english' finds "pumps" for "pump".
  search tsvector generated always as (to_tsvector('simple', text) || to_tsvector('english', text)) stored,
  primary key (document_id, ordinal)
);
create index passage_search on tender.passage using gin (search);

-- Word to the yachts ------------------------------------------------------------------------------------------------

create table tender.notice (
  device_id uuid not null references tender.device,
  sequence bigint not null,
  tenant_id uuid not null,
  upload_id text not null,
  document_id uuid not null,
  version bigint not null,
  kind text not null check (kind in ('indexed', 'index-failed')),
  passages integer not null,
  reason text not null,
  at_ms bigint not null default tender.now_ms(),
  primary key (device_id, sequence)
);

-- Only yours --------------------------------------------------------------------------------------------------------

do $$
declare
  found text;
begin
  for found in
    select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'tender'::regnamespace and c.relkind = 'r' and a.attname = 'tenant_id'
  loop
    execute format('alter table tender.%I enable row level security', found);
    execute format('alter table tender.%I force row level security', found);
    execute format('create policy one_tenant on tender.%I to tender_app
      using (tenant_id = tender.tenant_id()) with check (tenant_id = tender.tenant_id())', found);
  end loop;
end
$$;

grant usage on schema tender to tender_app, tender_lookup;
grant select, insert on all tables in schema tender to tender_app;
revoke insert on tender.migration from tender_app;
grant update on tender.device, tender.notice_counter, tender.enrolment, tender.token, tender.open_upload,
  tender.document, tender.version to tender_app;
grant delete on tender.chunk, tender.open_upload, tender.open_part, tender.passage, tender.notice to tender_app;

-- Looking across tenants, before the tenant is known ------------------------------------------------------------------
-- Each function answers one narrow question by a key nobody can guess. They belong to tender_lookup, which may read
-- these columns of all tenants and nothing else, and write nothing.

grant select (tenant_id, name) on tender.tenant to tender_lookup;
grant select (tenant_id, device_id) on tender.device to tender_lookup;
grant select (tenant_id, enrolment_id, code_hash) on tender.enrolment to tender_lookup;
grant select (tenant_id, token_id, hash) on tender.token to tender_lookup;
grant select (tenant_id, document_id, name_search, name_text, indexed_head, head) on tender.document to tender_lookup;
grant select (tenant_id, document_id, ordinal, search) on tender.passage to tender_lookup;
grant select (tenant_id, state) on tender.version to tender_lookup;
grant select (tenant_id) on tender.open_upload to tender_lookup;
create policy lookup on tender.tenant for select to tender_lookup using (true);
create policy lookup on tender.device for select to tender_lookup using (true);
create policy lookup on tender.enrolment for select to tender_lookup using (true);
create policy lookup on tender.token for select to tender_lookup using (true);
create policy lookup on tender.document for select to tender_lookup using (true);
create policy lookup on tender.passage for select to tender_lookup using (true);
create policy lookup on tender.version for select to tender_lookup using (true);
create policy lookup on tender.open_upload for select to tender_lookup using (true);

create function tender.tenant_named(wanted text) returns uuid
  language sql stable security definer set search_path = pg_catalog
  return (select t.tenant_id from tender.tenant t where t.name = wanted);

create function tender.tenant_of_device(wanted uuid) returns uuid
  language sql stable security definer set search_path = pg_catalog
  return (select d.tenant_id from tender.device d where d.device_id = wanted);

create function tender.tenant_of_code(wanted bytea) returns uuid
  language sql stable security definer set search_path = pg_catalog
  return (select e.tenant_id from tender.enrolment e where e.code_hash = wanted);

create function tender.tenant_of_token(wanted bytea) returns uuid
  language sql stable security definer set search_path = pg_catalog
  return (select t.tenant_id from tender.token t where t.hash = wanted);

create function tender.tenant_of_document(wanted uuid) returns uuid
  language sql stable security definer set search_path = pg_catalog
  return (select d.tenant_id from tender.document d where d.document_id = wanted);

-- Full-text search of the transaction's own tenant. Not plain SQL under row-level security: `@@` is not leakproof, so
-- there the planner may not use the GIN index and reads every passage of the tenant. The tenant is taken from the
-- transaction, never from an argument. Best first; the page after (after_rank, after_document).
create function tender.search(
  in_text tsquery, in_name tsquery, after_rank real, after_document uuid, wanted integer,
  out document_id uuid, out ordinal integer, out rank real
) returns setof record
  language sql stable security definer set search_path = pg_catalog rows 50
begin atomic
  with found as (
    select p.document_id, p.ordinal, ts_rank(p.search, in_text) + 1 as rank
    from tender.passage p
    where p.search @@ in_text and p.tenant_id = tender.tenant_id()
    union all
    -- A hit in the name alone stands after hits in text.
    select d.document_id, null, ts_rank(d.name_search, in_name)
    from tender.document d
    where d.name_search @@ in_name and d.tenant_id = tender.tenant_id() and d.indexed_head > 0
  ), best as (
    select distinct on (f.document_id) f.document_id, f.ordinal, f.rank::real as rank
    from found f
    order by f.document_id, f.rank desc, f.ordinal
  )
  select b.document_id, b.ordinal, b.rank
  from best b
  where after_rank is null or (b.rank, b.document_id) < (after_rank, after_document)
  order by b.rank desc, b.document_id desc
  limit wanted;
end;

create function tender.counts(out uploads_open bigint, out versions_waiting bigint, out versions_failed bigint)
  language sql stable security definer set search_path = pg_catalog
begin atomic
  select
    (select count(*) from tender.open_upload),
    (select count(*) from tender.version v where v.state in ('waiting', 'indexing')),
    (select count(*) from tender.version v where v.state = 'failed');
end;

-- The queue: owned by whoever migrates (and so owns graphile_worker's tables) ----------------------------------------
-- Bodies as text: bound ones would stop graphile-worker's own migrations from replacing what they name.

-- One job per version, in the transaction that stores it. The payload holds ids only.
create function tender.add_index_job(document uuid, version bigint) returns void
  language sql security definer set search_path = pg_catalog
as $$
  select graphile_worker.add_job(
    'index_document',
    json_build_object('documentId', document, 'version', version),
    job_key => 'index/' || document || '/' || version
  )
$$;

create function tender.queue_counts(out queued bigint, out oldest_ms bigint, out running bigint)
  language sql stable security definer set search_path = pg_catalog
as $$
  select
    count(*) filter (where j.attempts < j.max_attempts),
    coalesce(floor(extract(epoch from now() - min(j.run_at) filter (
      where j.run_at <= now() and j.locked_at is null and j.attempts < j.max_attempts
    )) * 1000), 0)::bigint,
    count(*) filter (where j.locked_at is not null)
  from graphile_worker.jobs j
$$;

do $$
declare
  found regprocedure;
begin
  for found in
    select oid::regprocedure from pg_proc where pronamespace = 'tender'::regnamespace and prosecdef
  loop
    execute format('revoke all on function %s from public', found);
    execute format('grant execute on function %s to tender_app', found);
  end loop;
  grant execute on function tender.tenant_id(), tender.now_ms() to tender_lookup;
end
$$;

grant create on schema tender to tender_lookup;
alter function tender.tenant_named(text) owner to tender_lookup;
alter function tender.tenant_of_device(uuid) owner to tender_lookup;
alter function tender.tenant_of_code(bytea) owner to tender_lookup;
alter function tender.tenant_of_token(bytea) owner to tender_lookup;
alter function tender.tenant_of_document(uuid) owner to tender_lookup;
alter function tender.search(tsquery, tsquery, real, uuid, integer) owner to tender_lookup;
alter function tender.counts() owner to tender_lookup;
revoke create on schema tender from tender_lookup;
