//! The offline bundle: all that a phone needs while it is offline, in one small answer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::coping::assignment::{Assignee, AssignmentState};
use evenkeel_domain::coping::choice::{Choices, Chosen};
use evenkeel_domain::coping::library::{LibrarySkill, PrecautionNote, library};
use evenkeel_domain::coping::{SkillDraft, SkillRef, Skills};
use evenkeel_domain::plan::lines::{CrisisLines, crisis_lines};
use evenkeel_domain::plan::safety::{SafetyPlan, SafetySection, SafetyStep};
use evenkeel_domain::plan::section::Support;
use evenkeel_domain::plan::{Plan, PlanSection};
use evenkeel_domain::recovery::guidance::{Guidance, all_guidance};
use evenkeel_domain::reminder::{Preferences, next_due};
use evenkeel_domain::value::{Day, Moment, TimeZone};
use evenkeel_persistence::plan::offline::{Settings, settings};
use evenkeel_persistence::{Tx, coping, plan as store};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::view::{Edition, edition};
use crate::app::App;
use crate::app::problem::Problem;
use crate::coping::assignment::{self, Assigned};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::{IfNoneMatch, tag, tag_of};

/// How many days it covers, including today.
const DAYS: i32 = 14;
/// The most assignments in it, since each may have a long note.
const MOST_ASSIGNMENTS: usize = 20;
/// The most bytes of it without the last brackets, for phones on a slow network. Skills beyond it are left out.
const MOST_BYTES: usize = 195_000;

/// What a phone stores for when it is offline. [`to_json`] writes it.
#[derive(Serialize, ToSchema)]
struct Offline {
    /// When this bundle was made
    as_of: Moment,
    #[serde(flatten)]
    bundle: Bundle,
    /// The available coping skills, as many as fit: first those of the plan, then assigned ones, favorites, the library
    /// and the organization's. Skills with a precaution that applies to this person come last
    #[schema(max_items = 400)]
    skills: Vec<OfflineSkill>,
}

/// The bundle without the skills.
#[derive(Serialize, ToSchema)]
struct Bundle {
    /// The time zone of the days
    time_zone: TimeZone,
    /// Crisis lines that answer day and night, for everybody
    #[schema(value_type = CrisisLines)]
    crisis_lines: &'static CrisisLines,
    /// What to show after use, for a lapse reported offline. If it may have been an opioid, how to prevent a fatal
    /// overdose comes first
    #[schema(value_type = Guidance)]
    guidance: &'static RawValue,
    /// The six steps of the safety plan, ready to show; the fifth always has the crisis lines
    #[schema(min_items = 6, max_items = 6)]
    safety_steps: Vec<SafetyStep>,
    /// The safety plan
    safety_plan: Edition<SafetyPlan, SafetySection>,
    /// The relapse-prevention plan
    plan: Edition<Plan, PlanSection>,
    /// The people in the plan with a way to reach them, in its order
    #[schema(max_items = 10)]
    contacts: Vec<Support>,
    /// Favorite skills, and precautions that apply, with the revision to change
    choices: Chosen,
    /// Open assignments, those with the earliest last day first, at most 20
    #[schema(max_items = 20)]
    assignments: Vec<Assigned>,
    /// A sentence on each precaution that a skill may have
    #[schema(max_items = 8, value_type = Vec<PrecautionNote>)]
    precautions: &'static [PrecautionNote],
    /// Today and the 13 days after it
    #[schema(min_items = 14, max_items = 14)]
    days: Vec<OfflineDay>,
}

/// A coping skill with everything needed to do it.
#[derive(Clone, Serialize, ToSchema)]
struct OfflineSkill {
    /// The skill
    skill: SkillRef,
    /// Whether it has a precaution that applies to this person. Then it may be shown, but do not suggest it
    has_precaution: bool,
    /// Its content
    #[schema(value_type = SkillDraft)]
    content: Cow<'static, RawValue>,
}

/// The library's skills as JSON, written once because they are the same in all answers.
static LIBRARY: LazyLock<HashMap<&'static str, Box<RawValue>>> = LazyLock::new(|| {
    let written =
        |skill: &'static LibrarySkill| Some((skill.code.as_ref(), to_raw_value(&skill.skill).ok()?));
    library().skills.iter().filter_map(written).collect()
});

static LIBRARY_TAG: LazyLock<String> = LazyLock::new(|| tag(None, library()));

/// The guidance as JSON, also written once.
static GUIDANCE: LazyLock<Box<RawValue>> = LazyLock::new(|| to_raw_value(all_guidance()).unwrap_or_default());

/// Today or a later day.
#[derive(Serialize, ToSchema)]
struct OfflineDay {
    /// The day
    day: Day,
    /// When the reminder of this day is due, if there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reminder_at: Option<Moment>,
    /// The plans to review on this day
    #[schema(max_items = 2)]
    reviews: Vec<Reviewed>,
}

/// A plan to review.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Reviewed {
    /// The relapse-prevention plan
    Plan,
    /// The safety plan
    SafetyPlan,
}

/// The available skills: first those of the plan, then assigned ones, favorites, the library and the organization's.
/// Skills with a precaution come last.
fn skills(
    plan: &Plan,
    assignments: &[Assigned],
    choices: &Choices,
    on_offer: &Skills<'_>,
) -> Vec<OfflineSkill> {
    let assigned = assignments.iter().map(|one| one.assignment.draft.skill.clone());
    let liked = choices.favorites.iter().cloned();
    let preferred: Vec<SkillRef> = plan.skills(None).into_iter().chain(assigned).chain(liked).collect();
    let mut skills: Vec<OfflineSkill> = on_offer
        .iter()
        .filter_map(|(skill, draft)| {
            let content = match &skill {
                SkillRef::Library(code) => LIBRARY.get(code.as_ref()).map(|json| Cow::Borrowed(&**json)),
                SkillRef::Organization(_) => to_raw_value(draft).ok().map(Cow::Owned),
            };
            Some(OfflineSkill { skill, has_precaution: !choices.allow(draft), content: content? })
        })
        .collect();
    skills.sort_by_key(|one| {
        let place = preferred.iter().position(|skill| *skill == one.skill).unwrap_or(usize::MAX);
        (one.has_precaution, place, matches!(one.skill, SkillRef::Organization(_)))
    });
    skills
}

fn bundle(tx: &mut Tx, grant: &Grant) -> Result<(Bundle, Vec<OfflineSkill>), Problem> {
    let now = grant.now();
    let Settings { time_zone, reminders: wish, chosen } =
        settings(tx, grant)?.ok_or_else(Problem::unknown)?;
    let (plan, safety_plan) = store::current_both(tx, grant)?;
    let plan_content = plan.as_ref().map(|plan| plan.content.clone()).unwrap_or_default();
    let safety_content = safety_plan.as_ref().map(|plan| plan.content.clone()).unwrap_or_default();
    let own = coping::skills(tx, grant.actor().organization)?;
    let on_offer = Skills::new(library(), &own);
    let to = Assignee { participant: grant.participant(), zone: &time_zone, choices: &chosen.choices };
    let mut assignments = assignment::listed(tx, grant, to, &on_offer, now)?;
    assignments.retain(|one| one.state == AssignmentState::Open);
    assignments.sort_by_key(|one| (one.assignment.draft.until, one.assignment.id));
    assignments.truncate(MOST_ASSIGNMENTS);
    let days = days(&wish, &time_zone, [plan_content.review_on, safety_content.review_on], now);
    let skills = skills(&plan_content, &assignments, &chosen.choices, &on_offer);
    let bundle = Bundle {
        crisis_lines: crisis_lines(),
        guidance: &GUIDANCE,
        safety_steps: safety_content.steps().into(),
        safety_plan: edition(grant, safety_plan.as_ref(), &safety_content),
        plan: edition(grant, plan.as_ref(), &plan_content),
        contacts: plan_content.supports.iter().filter(|support| support.reach.is_some()).cloned().collect(),
        choices: chosen,
        assignments,
        precautions: &library().precautions,
        days,
        time_zone,
    };
    Ok((bundle, skills))
}

fn days(
    wish: &Preferences,
    zone: &TimeZone,
    [plan, safety_plan]: [Option<Day>; 2],
    now: Moment,
) -> Vec<OfflineDay> {
    let today = now.local_day(zone);
    // From the start of today, so that the bundle does not change during the day.
    let mut after = today.begins(zone).unwrap_or(now).plus(-SignedDuration::from_micros(1));
    let mut due = Vec::new();
    while let Some(next) = next_due(wish, zone, after).filter(|next| today.until(next.local_date) < DAYS) {
        after = next.due_at;
        due.push(next);
    }
    let days = (0..DAYS).map(|ahead| {
        let day = today.plus(ahead);
        let reviews = [(plan, Reviewed::Plan), (safety_plan, Reviewed::SafetyPlan)];
        OfflineDay {
            day,
            reminder_at: due.iter().find(|due| due.local_date == day).map(|due| due.due_at),
            reviews: reviews.into_iter().filter(|(on, _)| *on == Some(day)).map(|(_, of)| of).collect(),
        }
    });
    days.collect()
}

/// Read the offline bundle
///
/// All that a phone needs while it is offline, in one answer under 200 kB: both plans, people and crisis lines to call,
/// guidance after use, coping skills with favorites and assignments, and the next 14 days. The ETag does not depend on
/// `as_of`: with `If-None-Match`, an unchanged bundle is not sent again. Store it so that the app can show it without
/// signing in.
#[utoipa::path(
    params(
        ("If-None-Match" = Option<String>, Header, max_length = 200, description = "The ETag of the client's copy"),
    ),
    responses(
        (status = 200, description = "The bundle", body = Offline,
         headers(("ETag" = String, description = "A hash of all but `as_of`"))),
        (status = 304, description = "The client's copy is current"),
        (status = 404, description = "The caller has no record of their own"),
    ),
)]
#[get("/v1/participants/me/offline")]
pub(super) async fn read_offline(
    app: Data<App>,
    caller: Caller,
    known: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let bundle = caller.read(&app, Action::ReadPlan, ParticipantRef::Me, None, move |tx, grant| {
        Ok((bundle(tx, grant)?, grant.now()))
    });
    let ((bundle, skills), now) = bundle.await?;
    let (json, tag) = to_json(now, &bundle, &skills).map_err(Problem::internal)?;
    Ok(known.unchanged(&tag).unwrap_or_else(|| {
        let mut answer = HttpResponse::Ok();
        answer.insert_header((header::ETAG, tag)).content_type(header::ContentType::json()).body(json)
    }))
}

/// An [`Offline`] as JSON, with as many skills as fit, and its tag. It is the longest answer of the API, so it is
/// written once into one buffer.
fn to_json(
    now: Moment,
    bundle: &impl Serialize,
    skills: &[OfflineSkill],
) -> serde_json::Result<(Vec<u8>, String)> {
    let mut json = Vec::with_capacity(64 * 1024);
    json.extend_from_slice(br#"{"as_of":"#);
    serde_json::to_writer(&mut json, &now)?;
    let after = json.len();
    serde_json::to_writer(&mut json, bundle)?;
    // Joins both objects: the bundle's opening brace becomes a comma, and its closing brace goes.
    json[after] = b',';
    json.pop();
    // The library's skills are the longest part and the same in all answers, so only their tag is hashed.
    let mut tagged = json[after..].to_vec();
    tagged.extend_from_slice(LIBRARY_TAG.as_bytes());
    json.extend_from_slice(br#","skills":["#);
    let first = json.len();
    for skill in skills {
        let before = json.len();
        if first < before {
            json.push(b',');
        }
        serde_json::to_writer(&mut json, skill)?;
        if MOST_BYTES < json.len() {
            json.truncate(before);
            continue;
        }
        serde_json::to_writer(&mut tagged, &(&skill.skill, skill.has_precaution))?;
        if let Cow::Owned(content) = &skill.content {
            tagged.extend_from_slice(content.get().as_bytes());
        }
    }
    json.extend_from_slice(b"]}");
    Ok((json, tag_of(None, &tagged)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    fn skill(bytes: usize) -> OfflineSkill {
        let content = to_raw_value(&"s".repeat(bytes)).unwrap();
        let skill = SkillRef::try_from("library:urge_surfing".to_owned()).unwrap();
        OfflineSkill { skill, has_precaution: false, content: Cow::Owned(content) }
    }
    fn bundle_at(second: i64, skills: &[OfflineSkill]) -> (Value, usize, String) {
        let now = Moment::try_from(Timestamp::from_second(second).unwrap()).unwrap();
        let (json, tag) = to_json(now, &json!({ "plan": {}, "days": [] }), skills).unwrap();
        (serde_json::from_slice(&json).unwrap(), json.len(), tag)
    }

    #[test]
    fn a_bundle_leaves_out_a_skill_that_makes_it_too_large_and_has_those_that_fit() {
        let (bundle, bytes, _) = bundle_at(0, &[skill(100_000), skill(99_000), skill(90_000), skill(1_000)]);
        let lengths: Vec<_> = bundle["skills"]
            .as_array()
            .unwrap()
            .iter()
            .map(|skill| skill["content"].as_str().unwrap().len())
            .collect();
        assert_eq!(lengths, [100_000, 90_000, 1_000]);
        assert!(bytes < 200_000);
        assert_eq!((&bundle["as_of"], &bundle["days"]), (&json!("1970-01-01T00:00:00Z"), &json!([])));
    }

    #[test]
    fn the_tag_of_a_bundle_changes_with_its_content_and_not_with_the_time() {
        let (empty, _, tag) = bundle_at(0, &[]);
        assert_eq!(empty["skills"], json!([]));
        assert_eq!(bundle_at(60, &[]).2, tag);
        assert_ne!(bundle_at(0, &[skill(1)]).2, tag);
    }
}
