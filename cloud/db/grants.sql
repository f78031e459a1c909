-- After every migration, graphile-worker's own included: the queue belongs to tender_jobs' connections. Its tables have
-- row-level security without policies, which only their owner passes. Safe to run again.
grant usage on schema graphile_worker to tender_jobs;
grant all on all tables in schema graphile_worker to tender_jobs;
grant all on all sequences in schema graphile_worker to tender_jobs;
grant execute on all functions in schema graphile_worker to tender_jobs;
do $$
declare
  found text;
begin
  for found in
    select relname from pg_class
    where relnamespace = 'graphile_worker'::regnamespace and relkind = 'r' and relrowsecurity
      and not exists (select from pg_policy where polrelid = pg_class.oid and polname = 'tender_jobs')
  loop
    execute format('create policy tender_jobs on graphile_worker.%I to tender_jobs using (true) with check (true)', found);
  end loop;
end
$$;
