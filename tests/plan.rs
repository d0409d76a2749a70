//! The relapse-prevention plan and the safety plan.

mod merge;
mod offline;
mod printed;
mod proposal;
mod safety;
mod withheld;

use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Clinic, Person, TestServer};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

const MINE: &str = "/v1/participants/me/plan";
const SAFE: &str = "/v1/participants/me/safety-plan";

fn of(who: &Person, what: &str) -> String {
    format!("/v1/participants/{}/{what}", who.participant)
}

/// An item of a plan under an id of its own.
fn item(mut fields: Value) -> Value {
    fields["id"] = json!(fresh_id());
    fields
}

/// A plan with a little in it, never the same twice.
pub(crate) fn plan() -> Value {
    json!({
        "reasons": [item(json!({"words": "My daughter"}))],
        "triggers": [item(json!({
            "category": "conflict", "source": "external", "words": "A fight at home", "coping": ["library:urge_surfing"],
        }))],
        "lapse_response": [item(json!({"words": "Call Sam"}))],
    })
}

/// A safety plan with a little in it, never the same twice.
pub(crate) fn safety_plan() -> Value {
    json!({"internal_coping": [item(json!({"words": "A cold shower"}))]})
}

/// A proposal to accept.
pub(crate) fn acceptance() -> Value {
    json!({"proposal": {"kind": "add_lapse_response_step", "words": format!("Breathe {}", fresh_id())}, "id": fresh_id()})
}

/// A plan or safety plan of Maya's, agreed by both, or unsigned where a signature is to be added. Returns its
/// revision.
pub(crate) async fn agreed(server: &TestServer, clinic: &Clinic, operation: &str) -> i64 {
    let (path, draft) =
        if operation.contains("safety-plan") { (SAFE, safety_plan()) } else { (MINE, plan()) };
    let tag = server.get(&clinic.maya, path).await.header("etag");
    let revision = server.put_on(&clinic.maya, path, &tag, draft).await.is(201)["revision"].as_i64().unwrap();
    if !operation.ends_with("/signature") {
        sign(server, clinic, path, revision).await;
    }
    revision
}

async fn sign(server: &TestServer, clinic: &Clinic, path: &str, revision: i64) {
    for signer in [&clinic.maya, &clinic.casey] {
        let path = path.replace("/me/", &format!("/{}/", clinic.maya.participant));
        server.call("PUT", &format!("{path}/revisions/{revision}/signature"), signer, None).await.is(201);
    }
}

/// A plan with as much in it as it can hold.
fn fullest() -> Value {
    let (text, short) = ("x".repeat(160), "x".repeat(60));
    let many = |most: usize, fields: Value| (0..most).map(|_| item(fields.clone())).collect::<Vec<_>>();
    let skills = [
        "library:cold_water",
        "library:paced_breathing",
        "library:stop_and_step_back",
        "library:urge_surfing",
    ];
    json!({
        "reasons": many(8, json!({"words": text})),
        "triggers": many(16, json!({"category": "physical_discomfort", "source": "external", "words": text, "coping": skills})),
        "warning_signs": many(16, json!({"stage": "emotional", "words": text})),
        "situations": many(8, json!({"words": text, "avoid": text, "escape": text, "cope": text, "call": text})),
        "supports": many(10, json!({"name": short, "role": "counselor", "reach": short, "ask": text})),
        "lapse_response": many(10, json!({"words": text})),
        "medications": many(12, json!({"words": text})),
        "naloxone": {"has": true, "location": text},
        "routine": many(12, json!({"words": text})),
        "local_crisis_lines": many(6, json!({"name": short, "reach": short})),
        "milestones": many(8, json!({"words": text, "reward": text})),
        "review_on": "2026-03-10",
        "only_me": ["reasons", "medications"],
    })
}

/// Who did one kind of action to a plan, by the audit log.
async fn actors_of(server: &TestServer, clinic: &Clinic, act: &str) -> Vec<String> {
    let page = server.get(&clinic.maya, "/v1/participants/me/audit-log?limit=200").await.is(200);
    let mut entries = page["items"].as_array().unwrap().clone();
    entries.reverse();
    entries.retain(|entry| {
        entry["module"] == "plan"
            && entry["action"].as_str().unwrap().split('_').next() == Some(act)
            && entry["outcome"] == "done"
    });
    entries.iter().map(|entry| entry["actor"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn before_the_first_save_a_plan_is_empty_and_says_what_is_missing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    for who in [&clinic.maya, &clinic.casey] {
        let found = server.get(who, &of(&clinic.maya, "plan")).await;
        assert!(found.header("etag").starts_with("\"0."), "{:?}", found.headers);
        let found = found.is(200);
        assert_eq!(
            (&found["revision"], &found["content"], &found["withheld"]),
            (&json!(0), &json!({}), &json!([]))
        );
        assert_eq!((&found["agreement"], &found["signatures"]), (&json!("draft"), &json!([])));
        assert_eq!(found["completeness"]["percent"], 0);
        assert_eq!(found["completeness"]["gaps"][0]["section"], "reasons");
        assert!(found["completeness"]["gaps"][0]["why"].as_str().unwrap().contains("craving"));
        assert_eq!(found["crisis_lines"]["lines"][0]["reach"], "call or text 988");
    }
    server.get(&clinic.maya, &format!("{MINE}/agreed")).await.refused(404, "");
    server.get(&clinic.maya, &format!("{MINE}/revisions/1")).await.refused(404, "");
    server.get(&clinic.maya, &format!("{MINE}/revisions/x")).await.refused(400, "");
    assert_eq!(server.get(&clinic.maya, &format!("{MINE}/revisions")).await.is(200)["items"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_plan_is_written_by_both_and_signed_by_both(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let mine = plan();
    let first = server.put_on(maya, MINE, "\"0\"", mine.clone()).await;
    let tag = first.header("etag");
    let first = first.is(201);
    assert_eq!(
        (&first["revision"], &first["content"], &first["made_at"]),
        (&json!(1), &mine, &json!("2026-03-02T18:40:00Z"))
    );
    assert_eq!(first["author"], json!({"account": maya.account, "role": "participant"}));
    server.later(SignedDuration::from_mins(5));
    let again = server.put_on(maya, MINE, "\"0\"", mine.clone()).await;
    assert_eq!(again.header("etag"), tag);
    assert_eq!(again.is(200), first, "an answer that was lost can be asked for again");
    let mut ours = mine.clone();
    ours["supports"] = json!([item(json!({"name": "Sam", "role": "sponsor", "reach": "555-0100"}))]);
    let second = server.put_on(casey, &of(maya, "plan"), &tag, ours.clone()).await.is(201);
    assert_eq!(
        (&second["revision"], &second["content"], &second["author"]["role"]),
        (&json!(2), &ours, &json!("counselor"))
    );

    let signature = format!("{}/revisions/2/signature", of(maya, "plan"));
    let half = server.call("PUT", &signature, casey, None).await.is(201);
    assert_eq!(half["agreement"], "counselor");
    server.get(maya, &format!("{MINE}/agreed")).await.refused(404, "");
    server.later(SignedDuration::from_secs(1));
    let whole = server.call("PUT", &format!("{MINE}/revisions/2/signature"), maya, None).await.is(201);
    assert_eq!(whole["agreement"], "agreed");
    let signers: Vec<_> = whole["signatures"].as_array().unwrap().iter().map(|one| &one["by"]).collect();
    assert_eq!(signers.len(), 2);
    assert!(signers.contains(&&json!(maya.account)) && signers.contains(&&json!(casey.account)));
    assert_eq!(
        server.call("PUT", &signature, casey, None).await.is(200),
        whole,
        "signed twice is signed once"
    );
    assert_eq!(server.get(maya, &format!("{MINE}/agreed")).await.is(200), whole);

    let heads = server.get(casey, &format!("{}/revisions?limit=1", of(maya, "plan"))).await.is(200);
    assert_eq!(
        (&heads["items"][0]["revision"], &heads["items"][0]["agreement"]),
        (&json!(2), &json!("agreed"))
    );
    assert!(heads["items"][0].get("content").is_none());
    let next = heads["next"].as_str().unwrap();
    let rest = server.get(maya, &format!("{MINE}/revisions?limit=1&after={next}")).await.is(200);
    assert_eq!(
        (&rest["items"][0]["revision"], &rest["items"][0]["author"]["role"]),
        (&json!(1), &json!("participant"))
    );
    assert!(rest.get("next").is_none());

    assert_eq!(actors_of(&server, &clinic, "change").await, [&*maya.account, &casey.account]);
    assert_eq!(actors_of(&server, &clinic, "sign").await, [&*casey.account, &maya.account]);
    assert_eq!(
        actors_of(&server, &clinic, "read").await,
        [&*casey.account; 2],
        "signed again, and the list of revisions"
    );
}

#[rstest]
#[tokio::test]
async fn a_signed_revision_never_changes(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    server.put_on(maya, MINE, "\"0\"", plan()).await.is(201);
    sign(&server, &clinic, MINE, 1).await;
    let signed = server.get(maya, &format!("{MINE}/revisions/1")).await.is(200);
    let later = server.put_on(maya, MINE, "\"1\"", plan()).await.is(201);
    assert_eq!(
        (&later["revision"], &later["agreement"], &later["signatures"]),
        (&json!(2), &json!("draft"), &json!([]))
    );
    assert_eq!(server.get(maya, &format!("{MINE}/revisions/1")).await.is(200), signed);
    assert_eq!(
        server.get(maya, &format!("{MINE}/agreed")).await.is(200),
        signed,
        "what was agreed stays agreed"
    );
    let signature = format!("{MINE}/revisions/1/signature");
    server.call("PUT", &signature, maya, None).await.is(200);
    server.put_on(maya, MINE, "\"2\"", plan()).await.is(201);
    server.call("PUT", &format!("{MINE}/revisions/2/signature"), maya, None).await.refused(409, "");
    server.call("PUT", &format!("{MINE}/revisions/9/signature"), maya, None).await.refused(404, "");
}

#[rstest]
#[tokio::test]
async fn a_save_says_which_revision_it_starts_from(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    server.put(&maya, MINE, plan()).await.refused(428, "");
    server.post(&maya, &format!("{MINE}/proposals/accept"), acceptance()).await.refused(428, "");
    for tag in ["*", "3", "\"x\"", "\"-1\"", "\"1\", \"2\""] {
        server.put_on(&maya, MINE, tag, plan()).await.refused(422, "If-Match");
    }
    server.put_on(&maya, MINE, "\"7\"", plan()).await.refused(412, "");
    let merge = format!("{MINE}?merge=true");
    server.put_on(&maya, &merge, "\"0\"", plan()).await.is(201);
    server.put_on(&maya, &merge, "\"7\"", plan()).await.refused(412, "");
}

#[rstest]
#[tokio::test]
async fn whatever_shows_staff_a_plan_is_in_its_audit_log_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    for (mine, what, draft) in [(MINE, "plan", plan()), (SAFE, "safety-plan", safety_plan())] {
        server.put_on(maya, mine, "\"0\"", draft).await.is(201);
        let current = server.get(casey, &of(maya, what)).await.is(200);
        server.put_on(casey, &of(maya, what), "\"1\"", current["content"].clone()).await.is(200);
        let signature = format!("{}/revisions/1/signature", of(maya, what));
        server.call("PUT", &signature, casey, None).await.is(201);
        server.call("PUT", &signature, casey, None).await.is(200);
    }
    assert_eq!(actors_of(&server, &clinic, "sign").await, [&*casey.account; 2]);
    assert_eq!(
        actors_of(&server, &clinic, "read").await,
        [&*casey.account; 6],
        "what changed nothing was still shown"
    );
    let nothing = json!({"proposal": {"kind": "remove_skill", "skill": "library:zzz"}, "id": fresh_id()});
    let path = format!("{}/proposals/accept", of(maya, "plan"));
    server.call_with("POST", &path, casey, &[("if-match", "\"7\"")], Some(nothing)).await.is(200);
    assert_eq!(actors_of(&server, &clinic, "read").await.len(), 7);
    server.call("PUT", &format!("{MINE}/revisions/1/signature"), maya, None).await.is(201);
    server.call("PUT", &format!("{MINE}/revisions/1/signature"), maya, None).await.is(200);
    assert_eq!(actors_of(&server, &clinic, "read").await.len(), 7, "reading one's own is not recorded");
}

#[rstest]
#[tokio::test]
async fn two_revisions_are_compared_item_by_item(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let old = plan();
    server.put_on(maya, MINE, "\"0\"", old.clone()).await.is(201);
    let mut new = old.clone();
    new["triggers"][0]["words"] = json!("A fight at work");
    new["reasons"] = json!([]);
    new["only_me"] = json!(["reasons"]);
    server.put_on(maya, MINE, "\"1\"", new).await.is(201);
    let compared = server.get(maya, &format!("{MINE}/compare?from=1&to=2")).await.is(200);
    assert_eq!(
        compared["differences"][0],
        json!({
            "section": "reasons", "item": old["reasons"][0]["id"], "kind": "removed",
            "fields": [{"field": "words", "before": "My daughter"}],
        })
    );
    assert_eq!(
        compared["differences"][1]["fields"],
        json!([{"field": "words", "before": "A fight at home", "after": "A fight at work"}])
    );
    let seen = server.get(&clinic.casey, &format!("{}/compare?from=1&to=2", of(maya, "plan"))).await.is(200);
    assert_eq!(seen["withheld"], json!(["reasons"]));
    assert!(!seen.to_string().contains("My daughter"), "{seen}");
    let all = server.get(maya, &format!("{MINE}/compare?from=0&to=1")).await.is(200);
    assert_eq!(all["differences"].as_array().unwrap().len(), 3);
    assert_eq!(
        server.get(maya, &format!("{MINE}/compare?from=2&to=2")).await.is(200)["differences"],
        json!([])
    );
    server.get(maya, &format!("{MINE}/compare?from=1&to=9")).await.refused(404, "");
    server.get(maya, &format!("{MINE}/compare?from=1")).await.refused(422, "/to");
    server.get(maya, &format!("{MINE}/compare?from=-1&to=1")).await.refused(422, "/from");
}

#[rstest]
#[tokio::test]
async fn the_skills_against_a_trigger_stay_in_the_order_in_which_they_were_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let (first, second) = ("library:take_a_time_out", "library:brisk_walk");
    let mut draft = plan();
    draft["triggers"][0]["coping"] = json!([first, second, first]);
    let found = server.put_on(&maya, MINE, "\"0\"", draft.clone()).await.is(201);
    assert_eq!(found["content"]["triggers"][0]["coping"], json!([first, second]));
    let list = server.get(&maya, "/v1/participants/me/coping/suggestions?trigger=conflict").await.is(200);
    let planned: Vec<_> = list["items"].as_array().unwrap().iter().take(2).map(|one| &one["skill"]).collect();
    assert_eq!(planned, [first, second]);
    let pocket = server.get(&maya, "/v1/participants/me/offline").await.is(200);
    assert_eq!(
        (&pocket["skills"][0]["skill"], &pocket["skills"][1]["skill"]),
        (&json!(first), &json!(second))
    );
    draft["triggers"][0]["coping"] = json!([second, first]);
    server.put_on(&maya, MINE, "\"1\"", draft).await.is(201);
    let compared = server.get(&maya, &format!("{MINE}/compare?from=1&to=2")).await.is(200);
    assert_eq!(
        compared["differences"][0]["fields"],
        json!([{"field": "coping", "before": [first, second], "after": [second, first]}])
    );
}

#[rstest]
#[tokio::test]
async fn completeness_says_what_is_missing_and_why(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let mut draft = plan();
    draft["triggers"][0]["coping"] = json!([]);
    let found = server.put_on(&maya, MINE, "\"0\"", draft.clone()).await.is(201);
    let gaps = |found: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        found["completeness"]["gaps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|gap| (text(&gap["section"]), text(&gap["code"])))
            .collect()
    };
    let gap = |section: &str, code: &str| (section.to_owned(), code.to_owned());
    assert_eq!(
        gaps(&found),
        [
            gap("triggers", "no_skill"),
            gap("warning_signs", "empty"),
            gap("situations", "empty"),
            gap("supports", "few_supports"),
            gap("review", "review_not_set"),
        ]
    );
    assert_eq!(found["completeness"]["gaps"][0]["item"], draft["triggers"][0]["id"]);
    let craving = json!({"occurred_at": "2026-03-02T18:30:00Z", "time_zone": "America/New_York", "intensity": 5, "substance": "opioids"});
    server.put(&maya, &format!("/v1/participants/me/cravings/{}", fresh_id()), craving).await.is(201);
    let found = server.get(&maya, MINE).await.is(200);
    assert!(gaps(&found).contains(&gap("naloxone", "naloxone_unanswered")), "{found}");
    draft["review_on"] = json!("2026-03-17");
    let problem = server.put_on(&maya, MINE, "\"1\"", draft.clone()).await.refused(422, "/review_on");
    assert!(problem["detail"].as_str().unwrap().contains("14 days"), "{problem}");
    draft["review_on"] = json!("2026-03-01");
    server.put_on(&maya, MINE, "\"1\"", draft.clone()).await.refused(422, "/review_on");
    draft["review_on"] = json!("2026-03-16");
    let found = server.put_on(&maya, MINE, "\"1\"", draft).await.is(201);
    assert!(!gaps(&found).iter().any(|(section, _)| section == "review"));
}

#[rstest]
#[tokio::test]
async fn an_unchanged_plan_is_not_sent_again_and_a_signature_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let tag = server.put_on(maya, MINE, "\"0\"", plan()).await.header("etag");
    assert!(tag.starts_with("\"1."), "{tag}");
    let known = server.get_unless(maya, MINE, &tag).await;
    assert_eq!((known.status, known.text.as_str(), known.header("etag")), (304, "", tag.clone()));
    server.get_unless(maya, MINE, &format!("\"x\", W/{tag}")).await.is(304);
    server
        .call("PUT", &format!("{}/revisions/1/signature", of(maya, "plan")), &clinic.casey, None)
        .await
        .is(201);
    let news = server.get_unless(maya, MINE, &tag).await;
    assert_ne!(news.header("etag"), tag);
    assert_eq!(news.is(200)["agreement"], "counselor");
    server.put_on(maya, MINE, &tag, plan()).await.is(201);
}

#[rstest]
#[tokio::test]
async fn an_invalid_plan_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let text = "ü".repeat(160);
    let mut long = fullest();
    for section in ["reasons", "warning_signs", "medications", "routine", "lapse_response"] {
        for item in long[section].as_array_mut().unwrap() {
            item["words"] = json!(text);
        }
    }
    for item in long["situations"].as_array_mut().unwrap() {
        for field in ["words", "avoid", "escape", "cope", "call"] {
            item[field] = json!(text);
        }
    }
    let problem = server.put_on(&maya, MINE, "\"0\"", long).await.refused(422, "");
    assert!(problem["detail"].as_str().unwrap().contains("48 kB"), "{problem}");
    for (member, text) in
        [("reach", "\u{202e}0010-555"), ("reach", "555-0100\u{e0031}"), ("name", "S\u{2066}am")]
    {
        let mut support = item(json!({"name": "Sam", "role": "sponsor", "reach": "555-0100"}));
        support[member] = json!(text);
        let pointer = format!("/supports/0/{member}");
        server.put_on(&maya, MINE, "\"0\"", json!({"supports": [support]})).await.refused(422, &pointer);
    }
    let mut twice = plan();
    twice["lapse_response"] = json!([twice["lapse_response"][0], twice["lapse_response"][0]]);
    server.put_on(&maya, MINE, "\"0\"", twice).await.refused(422, "/lapse_response");
    server
        .put_on(&maya, MINE, "\"0\"", json!({"only_me": ["reasons", "reasons"]}))
        .await
        .refused(422, "/only_me");
}
