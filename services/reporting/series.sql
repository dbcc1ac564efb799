-- Series: what is counted, as rows `day, slice, split, a, b` over the facts of the live generation. A null split is
-- the total where the parts do not add up to it (a person counts once). `given` has the year and the plan's two
-- weeks of outreach youth work [3.4].

-- name: clients
-- Each client of the year once for a service, on the day when first seen in it: ServiceBegan, or gone on over
-- 1 January; once more for each municipality.
with seen as (
    select service, municipality, client, day from starts, given
    where began and day >= make_date(year, 1, 1) and day < make_date(year + 1, 1, 1)
    union all
    select service, municipality, client, day from continued, given where standing and continued.year = given.year)
select min(day) as day, service as slice, null as split, 1 as a, 0 as b from seen group by service, client
union all
select min(day), service, municipality, 1, 0 from seen group by service, municipality, client

-- name: new-clients
-- `a`: clients with any ServiceBegan of the year that says new; `b`: the clients that are not new (so far).
with seen as (
    select service, municipality, client, day, new_client from starts, given
    where began and day >= make_date(year, 1, 1) and day < make_date(year + 1, 1, 1)
    union all
    select service, municipality, client, day, false from continued, given
    where standing and continued.year = given.year),
parts as (
    select service, municipality, client, min(day) as first, min(day) filter (where new_client) as new
    from seen group by service, municipality, client),
whole as (
    select service, client, min(first) as first, min(new) as new from parts group by service, client)
select first as day, service as slice, municipality as split, 0 as a, 1 as b from parts
union all select new, service, municipality, 1, -1 from parts where new is not null
union all select first, service, null, 0, 1 from whole
union all select new, service, null, 1, -1 from whole where new is not null

-- name: began
select day, service as slice, municipality as split, 1 as a, 0 as b from starts where began

-- name: not-begun
select day, service as slice, municipality as split, 1 as a, 0 as b from starts where not began

-- name: ended
-- Only what began can end: where a spell turned out not to have begun, its end does not count.
select day, service as slice, municipality as split, 1 as a, 0 as b from ends
where not exists (select from starts where starts.spell_id = ends.spell_id and not began)

-- name: outcomes
-- `a`: went on to work or education or got the service they needed; `b`: every other outcome [3.2].
select day, service as slice, municipality as split, hit::int as a, (not hit)::int as b
from (select *, outcome in ('work', 'education', 'got-needed-service') as hit from ends) as ends
where not exists (select from starts where starts.spell_id = ends.spell_id and not began)

-- name: plans
select day, '' as slice, plan as split, 1 as a, 0 as b from ends
where service = 'pointti' and plan is not null
    and not exists (select from starts where starts.spell_id = ends.spell_id and not began)

-- name: waits
-- `value`: days from the approach to the begin.
select day, service as slice, municipality as split, 1 as a, 0 as b, day - asked_on as value from starts where began

-- name: contacted
select day, '' as slice, municipality as split, hit::int as a, (not hit)::int as b
from (select *, coalesce(first_attempt_on <= asked_on + outreach_days, false) as hit from starts, given) as starts
where service = 'outreach'

-- name: reached
select day, '' as slice, municipality as split, hit::int as a, (not hit)::int as b
from (select *, coalesce(reached_on <= asked_on + outreach_days, false) as hit from starts, given) as starts
where service = 'outreach'

-- name: observations
select day, phenomenon as slice, municipality as split, observations as a, 0 as b from phenomena

-- name: referrals
select day, service as slice, municipality as split, 1 as a, 0 as b from referrals

-- name: returns
select day, service as slice, reason as split, 1 as a, 0 as b from returns

-- name: visits
select day, '' as slice, municipality as split, 1 as a, 0 as b from visits_made

-- name: joint-visits
-- `a`: two or more organisations went; `b`: one.
select day, '' as slice, municipality as split, joint::int as a, (not joint)::int as b
from (select *, position(',' in organisations) > 0 as joint from visits_made) as visits_made

-- name: planned-visits
select visit_days.day, '' as slice, visit_days.municipality as split, 1 as a, 0 as b
from visit_days join visit_plans using (visit_id) where standing

-- name: leads-routed
select day, '' as slice, municipality as split, 1 as a, 0 as b from lead_routings
where not exists (select from lead_withdrawals
                  where lead_withdrawals.lead_id = lead_routings.lead_id and reason in ('duplicate', 'mistake'))

-- name: leads-fulfilled
select day, '' as slice, municipality as split, 1 as a, 0 as b from lead_fulfilments

-- name: matching
-- `a`: leads of labour that led to hiring; `b`: leads of labour routed.
select day, '' as slice, municipality as split, 1 as a, 0 as b from lead_fulfilments
where need = 'labour' and hired >= 1
union all
select day, '', municipality, 0, 1 from lead_routings
where need = 'labour'
    and not exists (select from lead_withdrawals
                    where lead_withdrawals.lead_id = lead_routings.lead_id and reason in ('duplicate', 'mistake'))

-- name: days-to-fulfil
-- `value`: days from the first routing of a lead of labour to the hiring.
select day, '' as slice, municipality as split, 1 as a, 0 as b, day - first as value
from lead_fulfilments join (select lead_id, min(day) as first from lead_routings group by lead_id) as routed
    using (lead_id)
where need = 'labour' and hired >= 1

-- name: hired
select day, '' as slice, municipality as split, coalesce(hired, 0) as a, 0 as b from lead_fulfilments

-- name: events-held
select day, kind as slice, municipality as split, 1 as a, 0 as b from events_held

-- name: attendance
select day, kind as slice, municipality as split, coalesce(attendance, 0) as a, 0 as b from events_held

-- name: change-situations
select day, kind as slice, municipality as split, 1 as a, 0 as b from change_situations

-- name: timeliness
-- `a`: met by the deadline; `b`: met after it, or missed and still open. Cancelled and undecided ones: neither.
select day, kind as slice, '' as split, in_time::int as a, late::int as b
from (
    select o.day, o.kind, coalesce(c.met_at <= o.due_at, false) as in_time,
        coalesce(c.met_at > o.due_at, c.mark is null and m.mark is not null) as late
    from obligations o
    left join lateral (
        select mark, met_at from obligation_marks x
        where x.obligation_id = o.obligation_id and x.mark in ('met', 'cancelled')
        order by x.at desc, x.event_id desc limit 1) c on true
    left join obligation_marks m on m.obligation_id = o.obligation_id and m.mark = 'missed') as judged
where in_time or late

-- name: feedback
select day, about as slice, municipality as split, 1 as a, 0 as b from feedback

-- name: ratings
select day, about as slice, municipality as split, 1 as a, 0 as b, rating as value from feedback
where rating is not null

-- name: answered
-- Feedback about the area; `a`: answered on or before the day when an answer was due; `b`: not (yet).
select day, '' as slice, municipality as split, hit::int as a, (not hit)::int as b
from (
    select feedback.day, municipality, coalesce(answered_on <= answer_due_on, false) as hit
    from feedback left join feedback_answers using (feedback_id)
    where about = 'employment-area') as judged

-- name: inquiries
select day, channel as slice, directed_to as split, 1 as a, 0 as b from inquiries
