-- Cluster-wide roles, made before the migrations and safe to run again. None may bypass row-level security.
--   tender_app    API and worker at run time: sees one tenant at a time, the one named by tender.tenant.
--   tender_jobs   graphile-worker's own connections: the queue and nothing else.
--   tender_lookup owns the few functions that must look across tenants before the tenant is known; nobody logs in as it.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['tender_app', 'tender_jobs', 'tender_lookup'] loop
    begin
      if not exists (select from pg_roles where rolname = wanted) then
        execute format('create role %I %s nosuperuser nobypassrls nocreatedb nocreaterole', wanted,
          case wanted when 'tender_lookup' then 'nologin' else 'login' end);
      end if;
    exception when duplicate_object or unique_violation then
      null; -- another database of this cluster is being migrated at the same moment
    end;
    -- An owner that is not superuser must be a member: to give functions to tender_lookup, to become tender_app.
    if not pg_has_role(current_user, wanted, 'SET') then
      execute format('grant %I to current_user', wanted);
    end if;
  end loop;
end
$$;
