"""What is many in the city of the measurements, as statements for the database. Pure text; `:now` and `:parts` are filled in."""

from typing import Final

SYSTEM_COLUMNS: Final = (
    "id", "code", "name", "kind", "owner_id", "operator_id", "level",
    "filing_number", "filing_authority", "filed_on", "level_fixed_on", "live_on", "certificate_until", "tester_id",
    "cii", "protection_department_id", "users", "personal_records", "portal_rank",
    "important_data", "internet_gov_app", "platform_id", "life_cycle", "in_use_from",
    "sort_key", "search_key", "created_at", "updated_at", "version", "retired_at",
)  # fmt: skip
RULE_COLUMNS: Final = (
    "n", "subject", "rule_id", "pack_id", "pack_version", "title", "citation", "force", "status", "form",
    "satisfied_by", "recipient_kind", "recipient_tier", "months",
)  # fmt: skip
RULES: Final = """
CREATE TEMP TABLE bench_rule (
    n int, subject text, rule_id text, pack_id text, pack_version text, title jsonb, citation jsonb, force text, status text,
    form text, satisfied_by text[], recipient_kind text, recipient_tier text, months int
)
"""
HELPERS: Final = """
CREATE FUNCTION pg_temp.key(kind text, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid
    FROM md5(kind || n) h
$$
"""
ONES: Final = """
CREATE TEMP TABLE bench_system AS
    SELECT row_number() OVER (ORDER BY id)::int - 1 AS n, id, code, operator_id, created_at FROM system;
CREATE UNIQUE INDEX ON bench_system (n);
CREATE TEMP TABLE bench_organization AS
    SELECT row_number() OVER (ORDER BY id)::int - 1 AS n, id, code, short_name FROM organization WHERE joined;
CREATE TEMP TABLE bench_desk AS
    SELECT DISTINCT ON (kind, tier) kind, tier, id FROM organization ORDER BY kind, tier, id;
ANALYZE bench_system, bench_organization, bench_desk, bench_rule
"""
INCIDENTS: Final = """
CREATE TEMP TABLE bench_incident AS
    SELECT given.n, pg_temp.key('incident', given.n, at) AS id, pg_temp.key('part', given.n, at) AS part_id, at,
           s.id AS system_id, s.operator_id AS organization_id, 'INC-' || to_char(at, 'YYYY') || '-' || lpad(given.n::text, 6, '0') AS number,
           1 + least(3, (given.n::bigint * 7919 % 100)::int / 25) AS level,
           CASE WHEN given.n > 99850 / :parts THEN 'open' WHEN given.n > 99500 / :parts THEN 'handled' WHEN given.n % 50 = 0 THEN 'dismissed' ELSE 'closed' END AS status
    FROM (
        SELECT n, :now - interval '10 years' * (1 - n::float8 / (100000 / :parts)) - interval '1 hour' AS at,
               (n::bigint * 48271 % (SELECT count(*) FROM bench_system))::int AS at_system
        FROM generate_series(1, 100000 / :parts) n
    ) given JOIN bench_system s ON s.n = at_system;
INSERT INTO incident (id, number, title, status, exercise, occurred_at, discovered_at, category, subcategory, reached, possible,
                      assessed, gb_level, response_level, packs, facts, created_at, handled_at, closed_at)
    SELECT id, number, '勒索软件感染办公终端', status, false, at, at, 'malware', 'ransomware', level, level,
           NULL, NULL, NULL, '{}', '{}', at, CASE WHEN status IN ('handled', 'closed') THEN at + interval '8 hours' END,
           CASE WHEN status = 'closed' THEN at + interval '9 hours' END
    FROM bench_incident ORDER BY n;
INSERT INTO filing (id, incident_id, organization_id, means, text, known_at, target_kind, system_id, contact, received_at, recorded_at)
    SELECT pg_temp.key('filing', n, at), id, organization_id, (ARRAY['web', 'api', 'telephone', 'machine'])[1 + n % 4],
           '终端出现勒索提示', at, 'system', system_id, '值班电话', at, at
    FROM bench_incident ORDER BY n;
INSERT INTO part (id, incident_id, organization_id, roles, known_at, known_basis, facts, reached, possible)
    SELECT part_id, id, organization_id, ARRAY['operator'], at, 'stated', '{}', level, level FROM bench_incident ORDER BY n;
INSERT INTO part_system (part_id, system_id) SELECT part_id, system_id FROM bench_incident ORDER BY n
"""
_DUTY: Final = """
INSERT INTO obligation (id, key, rule_id, pack_id, pack_version, title, citation, force, rule_status, interpretation, kind, form,
                        satisfied_by, has_waiver, bearer_id, recipient_id, recipient_kind, recipient_tier, subject, number, page,
                        severity, incident_id, part_id, system_id, period, provisional, start_event, started_at, arose_at, due_at,
                        why, status, born_late, submitted_at, met_at, overdue_at, reminded, generation, exercise)
    SELECT d.id, r.rule_id || '|' || d.id, r.rule_id, r.pack_id, r.pack_version, r.title, r.citation, r.force, r.status, NULL,
           'timed', r.form, r.satisfied_by, false, d.bearer_id, desk.id, r.recipient_kind, r.recipient_tier, d.subject, d.number,
           d.page, d.level, d.incident_id, d.part_id, d.system_id, d.period, false, 'period', d.started_at, d.started_at, d.due_at,
           '[]', CASE WHEN d.done_at IS NULL THEN 'open' ELSE 'met' END, false, d.done_at, d.done_at,
           CASE WHEN coalesce(d.done_at, :now) > d.due_at THEN d.due_at END, '{}', 1, false
"""
_DESK: Final = """
    LEFT JOIN LATERAL (
        SELECT id FROM bench_desk b WHERE b.kind = r.recipient_kind ORDER BY b.tier IS DISTINCT FROM coalesce(r.recipient_tier, 'city') LIMIT 1
    ) desk ON true
"""
OF_INCIDENTS: Final = (
    _DUTY
    + """
    FROM (
        SELECT i.n, pg_temp.key('duty of an incident', i.n, at) AS id, organization_id AS bearer_id, 'incident/' || i.id AS subject,
               number, '/incidents/' || number AS page, level, i.id AS incident_id, part_id, NULL::uuid AS system_id,
               NULL::text AS period, at AS started_at, at + interval '4 hours' AS due_at,
               CASE WHEN status <> 'open' OR n % 3 = 0 THEN at + interval '5 hours' * ((n * 31 % 100) / 100.0) END AS done_at
        FROM bench_incident i
    ) d JOIN bench_rule r ON r.subject = 'incident' AND r.n = 1 + d.n % (SELECT count(*) FROM bench_rule WHERE subject = 'incident')
"""
    + _DESK
    + " ORDER BY d.id"
)
OF_SYSTEMS: Final = (
    _DUTY
    + """
    FROM (
        SELECT n, pg_temp.key('duty of a system', n, first) AS id, operator_id AS bearer_id, 'system/' || system_id AS subject,
               code AS number, '/systems/' || code AS page, NULL::int AS level, NULL::uuid AS incident_id, NULL::uuid AS part_id,
               system_id, to_char(first + interval '1 day', 'YYYY') AS period, first AS started_at, due_at,
               CASE WHEN due_at < :now - interval '30 days' OR n % 3 = 0
                    THEN least(:now, CASE WHEN n % 40 = 0 THEN due_at + interval '9 days' ELSE due_at - (due_at - first) * (n % 90 / 100.0) END)
                    END AS done_at
        FROM (
            SELECT s.n::bigint * 20 + year * 2 + which AS n, s.id AS system_id, s.code, s.operator_id,
                   timezone('Asia/Shanghai', make_timestamp(extract(year FROM :now)::int - year, 1, 1, 0, 0, 0)) AS first,
                   timezone('Asia/Shanghai', CASE
                       WHEN which = 0 THEN make_timestamp(extract(year FROM :now)::int - year + 1, 1, 1, 0, 0, 0)
                       ELSE make_timestamp(extract(year FROM :now)::int - year, 1, 1, 0, 0, 0) + interval '1 day' * (1 + (s.n * 37 + year) % 364)
                   END) AS due_at
            FROM bench_system s, generate_series(0, 9) year, generate_series(0, 1) which
        ) given
    ) d JOIN bench_rule r ON r.subject = 'system' AND r.n = 1 + d.n % (SELECT count(*) FROM bench_rule WHERE subject = 'system')
"""
    + _DESK
    + " ORDER BY d.id"
)
OF_ORGANIZATIONS: Final = (
    _DUTY
    + """
    FROM (
        SELECT n, pg_temp.key('duty of an organization', n, first) AS id, bearer_id, 'organization/' || bearer_id AS subject,
               short_name AS number, '/calendar?organization=' || code AS page, NULL::int AS level, NULL::uuid AS incident_id,
               NULL::uuid AS part_id, NULL::uuid AS system_id, to_char(first + interval '1 day', 'YYYY-MM') AS period,
               first AS started_at, due_at,
               CASE WHEN due_at < :now AND n % 400 <> 0 THEN due_at - interval '1 day' * (n % 20) + interval '3 days' END AS done_at
        FROM (
            SELECT o.n::bigint * 1000 + month * 4 + which AS n, o.id AS bearer_id, o.short_name, o.code,
                   timezone('Asia/Shanghai', date_trunc('month', timezone('Asia/Shanghai', :now)) - interval '1 month' * month) AS first,
                   timezone('Asia/Shanghai', date_trunc('month', timezone('Asia/Shanghai', :now)) - interval '1 month' * (month - 1)
                            + interval '1 day' * (5 + which)) AS due_at
            FROM bench_organization o, generate_series(0, 119) month, generate_series(0, 2) which
            WHERE o.n < 285 / :parts
        ) given
        LIMIT 100000 / :parts
    ) d JOIN bench_rule r ON r.subject = 'organization'
        AND r.n = 1 + d.n % (SELECT count(*) FROM bench_rule WHERE subject = 'organization')
"""
    + _DESK
    + " ORDER BY d.id"
)
SUBMISSIONS: Final = """
CREATE TEMP TABLE bench_submission AS
    SELECT row_number() OVER (ORDER BY id) AS n, pg_temp.key('submission', row_number() OVER (ORDER BY id), met_at) AS id,
           id AS obligation_id, form, subject, number, page, incident_id, bearer_id, recipient_id, recipient_kind, recipient_tier,
           met_at, period
    FROM obligation WHERE met_at IS NOT NULL AND incident_id IS NOT NULL;
INSERT INTO submission (id, serial, report_id, form, subject, number, page, incident_id, organization_id, recipient_id,
                        recipient_kind, recipient_tier, means, status, period, ordinal, items, filled, newer, stated_at, submitted_at,
                        recorded_at, entered_afterwards, version, created_at, updated_at, exercise)
    SELECT id, 'S-' || lpad(n::text, 7, '0'), id, form, subject, number, page, incident_id, bearer_id, recipient_id,
           recipient_kind, recipient_tier, 'mail', 'receipted', period, 1, '{"what": "勒索软件感染办公终端"}', '{}', '{}', met_at, met_at,
           met_at, false, 1, met_at, met_at, false
    FROM bench_submission ORDER BY n;
INSERT INTO submission_obligation (submission_id, obligation_id) SELECT id, obligation_id FROM bench_submission ORDER BY n;
INSERT INTO submission_party (submission_id, organization_id, agreed_at) SELECT id, bearer_id, met_at FROM bench_submission ORDER BY n;
INSERT INTO receipt (id, submission_id, outcome, standing, means, stated_at, recorded_at, entered_afterwards)
    SELECT pg_temp.key('receipt', n, met_at), id, 'received', 'confirmed', 'mail', met_at, met_at, false
    FROM bench_submission ORDER BY n
"""
DELIVERIES: Final = """
INSERT INTO delivery (id, key, page_key, purpose, subject, about, path, rung, round, organization_id, channel, address, title, body,
                      titles, bodies, locale, detail, status, answer, due_at, created_at, sent_at, acknowledged_at, closed_at,
                      crossed, possibly_duplicate, exercise, severity)
    SELECT pg_temp.key('delivery', n, at), 'page-' || n, 'page-' || n, 'page', 'incident/' || id, number, '/incidents/' || number,
           0, 0, organization_id, 'sms', '13900000000', '有新的事件', '请登录查看', '{"zh-CN": "有新的事件", "en": "A new incident"}', '{}',
           'zh-CN', 'minimal', 'delivered', 'first', at, at, at, CASE WHEN status <> 'open' THEN at + interval '4 minutes' END,
           CASE WHEN status <> 'open' THEN at + interval '4 minutes' END, false, false, false, level
    FROM bench_incident ORDER BY n
"""
TESTS: Final = """
INSERT INTO assessment (id, number, system_id, kind, year, status, planned_on, cover_on, compliance, major, rectified_major, conclusion,
                        filed_on, version, created_at)
    SELECT pg_temp.key('assessment', n * 100 + year, at), 'AS-' || (extract(year FROM :now)::int - year) || '-' || lpad(n::text, 5, '0'), id, 'mlps',
           extract(year FROM :now)::int - year, CASE WHEN year = 0 AND n % 2 = 0 THEN 'planned' ELSE 'filed' END, at::date,
           CASE WHEN year = 0 AND n % 2 = 0 THEN NULL ELSE at::date END, 8200, n % 3, n % 2 * least(1, n % 3), 'basically',
           at::date, 1, at
    FROM bench_system,
         LATERAL (SELECT year, :now - interval '1 year' * year - interval '1 day' * (n % 300) AS at FROM generate_series(0, 4) year) years
    WHERE n % 2 = 0;
INSERT INTO finding (id, number, title, detail, origin, origin_label, risk, is_major, organization_id, verifier_id, found_on, due_on,
                     status, closed_at, returns, version, created_at)
    SELECT pg_temp.key('finding', n * 10 + year, at), 'FD-' || (extract(year FROM :now)::int - year) || '-' || lpad(n::text, 5, '0'),
           '口令强度不足', '部分账号使用弱口令', 'assessment', 'AS', (ARRAY['high', 'medium', 'low'])[1 + n % 3], n % 9 = 0, operator_id,
           operator_id, at::date, at::date + 90, CASE WHEN year = 0 AND n % 3 > 0 THEN 'open' ELSE 'closed' END,
           CASE WHEN year = 0 AND n % 3 > 0 THEN NULL ELSE at + interval '30 days' END, 0, 1, at
    FROM bench_system,
         LATERAL (SELECT year, :now - interval '1 year' * year - interval '1 day' * (n % 300) AS at FROM generate_series(0, 3) year) years
    WHERE n % 2 = 0;
INSERT INTO finding_system (finding_id, system_id)
    SELECT pg_temp.key('finding', n * 10 + year, :now - interval '1 year' * year - interval '1 day' * (n % 300)), id
    FROM bench_system, generate_series(0, 3) year WHERE n % 2 = 0;
INSERT INTO drill (id, number, title, year, kind, range, content, objectives, place, planned_from, planned_until, organization_id,
                   status, created_at, created_by, recorded_afterwards, report, version)
    SELECT pg_temp.key('drill', n * 10 + year, at), 'DR-' || (extract(year FROM :now)::int - year) || '-' || lpad(n::text, 4, '0'), '勒索软件桌面推演',
           extract(year FROM :now)::int - year, 'tabletop', 'organization', 'special',
           '检验上报', '会议室', at, at + interval '2 hours', id, 'closed', at, (SELECT id FROM account ORDER BY id LIMIT 1), true, '{}', 1
    FROM bench_organization,
         LATERAL (SELECT year, :now - interval '1 year' * year - interval '1 day' * (n % 300) AS at FROM generate_series(0, 9) year) years;
INSERT INTO drill_organization (drill_id, organization_id) SELECT id, organization_id FROM drill
"""
LEDGER: Final = """
INSERT INTO ledger_entry (id, at, actor, action, subject, body, leaf_hash)
    SELECT pg_temp.key('entry of a system', n, created_at), created_at, 'system', 'system.registered', 'system/' || id, '{}', sha256(code::bytea)
    FROM bench_system ORDER BY n;
INSERT INTO ledger_entry (id, at, actor, action, subject, body, leaf_hash)
    SELECT pg_temp.key('entry of an incident', n, at), at, 'system', 'incident.filed', 'incident/' || id, '{}', sha256(number::bytea)
    FROM bench_incident ORDER BY n
"""
GRADINGS: Final = """
INSERT INTO grading (id, incident_id, part_id, at, reached, possible, gb_level, packs, facts, trace)
    SELECT pg_temp.key('grading', n, at), id, part_id, at, level, level, NULL, '{}', '{}', $1::jsonb
    FROM bench_incident ORDER BY n DESC LIMIT :count
"""
STATEMENTS: Final = (
    HELPERS, ONES, INCIDENTS, OF_INCIDENTS, OF_SYSTEMS, OF_ORGANIZATIONS, SUBMISSIONS, DELIVERIES, TESTS, LEDGER,
)  # fmt: skip
