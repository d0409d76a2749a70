//! Both printed plans.

use super::{MINE, SAFE, actors_of, fullest, of, plan, safety_plan, sign};
use evenkeel_tests::Engine;
use evenkeel_tests::test_server::TestServer;
use evenkeel_tests::test_server::{Answer, Person};
use rstest::rstest;
use serde_json::json;

/// How many pages a PDF has.
fn pages(answer: &Answer) -> usize {
    let pdf = &answer.text;
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert!(pdf.starts_with("%PDF-"));
    let of = |name: &str| {
        pdf.matches(&format!("/Type /{name}")).count() + pdf.matches(&format!("/Type/{name}")).count()
    };
    of("Page") - of("Pages")
}

#[rstest]
#[tokio::test]
async fn the_printed_plan_is_one_page_and_a_second_only_for_what_may_not_be_cut(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let mut tag = "\"0\"".to_owned();
    for (draft, fits) in [(None, 1), (Some(plan()), 1), (Some(fullest()), 2)] {
        if let Some(draft) = draft {
            tag = server.put_on(maya, MINE, &tag, draft).await.header("etag");
        }
        for paper in ["", "?paper=letter", "?paper=a4"] {
            let page = server.get(maya, &format!("{MINE}.pdf{paper}")).await;
            assert_eq!(page.status, 200, "{}", page.text);
            assert_eq!(page.header("content-disposition"), "inline; filename=\"my-plan.pdf\"");
            assert_eq!(pages(&page), fits, "{paper}");
            for name in ["Maya", "harbor", "Casey", "casey", &maya.participant] {
                assert!(!page.text.contains(name), "{name}");
            }
        }
    }
    server.get(maya, &format!("{MINE}.pdf?paper=a3")).await.refused(422, "/paper");
    server.get(&clinic.casey, &format!("{}.pdf", of(maya, "plan"))).await.is(200);
    assert_eq!(actors_of(&server, &clinic, "read").await, [&*clinic.casey.account]);
}

#[rstest]
#[tokio::test]
async fn the_printed_plan_leaves_out_skills_with_precautions_and_says_to_others_that_parts_are_left_out(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let mut draft = plan();
    draft["triggers"][0]["coping"] = json!(["library:cold_water", "library:urge_surfing"]);
    server.put_on(maya, MINE, "\"0\"", draft.clone()).await.is(201);
    let print = async |who: &Person| server.get(who, &format!("{}.pdf", of(maya, "plan"))).await.text;
    let (hers, theirs) = (print(maya).await, print(&clinic.casey).await);
    assert_eq!(hers, theirs, "the same page");
    let choices = json!({"favorites": [], "precautions": ["heart_condition"]});
    server.put(maya, "/v1/participants/me/coping/choices", choices).await.is(200);
    let cautious = print(maya).await;
    assert!(cautious.len() < hers.len(), "cold water is off");
    draft["only_me"] = json!(["medications"]);
    server.put_on(maya, MINE, "\"1\"", draft).await.is(201);
    // Items of lists, and paragraphs: the footer and the notes. The number of the revision changes the length.
    let parts = |pdf: &str| ["LI", "P"].map(|tag| pdf.matches(&format!("/S/{tag}")).count());
    let [items, notes] = parts(&cautious);
    assert_eq!(parts(&print(maya).await), [items, notes]);
    assert_eq!(parts(&print(&clinic.casey).await), [items, notes + 1], "one line more");
}

#[rstest]
#[tokio::test]
async fn a_printed_plan_shows_its_revision_and_whether_both_have_signed_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    for (path, draft) in [(MINE, plan()), (SAFE, safety_plan())] {
        // The footer is also the description of the document, which is not compressed.
        let print = async || server.get(maya, &format!("{path}.pdf")).await.text;
        assert!(!print().await.contains("Revision"));
        server.put_on(maya, path, "\"0\"", draft).await.is(201);
        assert!(print().await.contains("Revision 1, not yet signed by both · printed "));
        sign(&server, &clinic, path, 1).await;
        let agreed = print().await;
        assert!(agreed.contains("Revision 1, agreed ") && !agreed.contains("not yet signed"));
    }
}

#[rstest]
#[tokio::test]
async fn the_safety_plan_is_printed_before_it_is_written_and_its_reading_is_in_the_audit_log(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    for draft in [None, Some(safety_plan())] {
        if let Some(draft) = draft {
            server.put_on(maya, SAFE, "\"0\"", draft).await.is(201);
        }
        for paper in ["", "?paper=a4"] {
            let page = server.get(maya, &format!("{SAFE}.pdf{paper}")).await;
            assert_eq!(page.status, 200, "{}", page.text);
            assert_eq!(page.header("content-disposition"), "inline; filename=\"my-safety-plan.pdf\"");
            assert_eq!(pages(&page), 1);
        }
    }
    assert!(actors_of(&server, &clinic, "read").await.is_empty());
    server.get(&clinic.casey, &format!("{}.pdf", of(maya, "safety-plan"))).await.is(200);
    assert_eq!(actors_of(&server, &clinic, "read").await, [&*clinic.casey.account]);
    server.get(maya, &format!("{SAFE}.pdf?paper=a3")).await.refused(422, "/paper");
}
