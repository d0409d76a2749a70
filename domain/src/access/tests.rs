//! Who may do what: the tables and what always holds.

use super::*;
use proptest::prelude::*;

const OWN: u128 = 7;

fn actor(role: Role, participant: Option<u128>) -> Actor {
    Actor {
        account: Uuid::from_u128(1).into(),
        organization: Uuid::from_u128(2).into(),
        role,
        device: Uuid::from_u128(3).into(),
        participant: participant.map(|id| Uuid::from_u128(id).into()),
    }
}

fn request() -> Request {
    Request { id: Uuid::from_u128(9), now: crate::audit::tests::at(0) }
}

/// Who may do what, written separately from the policy: p participant, c counselor, s supervisor, a admin.
const WHO: &[(&str, &str)] = &[
    ("p", "record_craving rate_craving conclude_craving correct_craving withdraw_craving"),
    ("p", "record_skill_practice correct_skill_practice withdraw_skill_practice choose_skills"),
    (
        "p",
        "answer_check_in correct_check_in record_sobriety_date withdraw_sobriety_date report_lapse correct_lapse",
    ),
    ("p", "withdraw_lapse save_debrief change_counter accept_proposal decline_proposal"),
    ("p", "record_question withdraw_question"),
    ("pcs", "read_cravings read_trend read_reminders read_skill_practice read_check_ins read_recovery"),
    ("pcs", "read_plan read_level_of_care read_time_zone change_time_zone read_questions"),
    ("pc", "change_reminders note_precautions change_plan accept_plan_proposal sign_plan discuss_question"),
    ("ps", "read_audit_log"),
    ("c", "assign_skill withdraw_assignment"),
    ("cs", "acknowledge_use change_level_of_care"),
];
const WHO_IN_THE_ORGANIZATION: &[(&str, &str)] = &[
    ("cs", "invite_participant read_caseload read_undelivered"),
    ("a", "invite_staff"),
    ("csa", "read_invites"),
    ("pcsa", "read_skills"),
    ("sa", "add_skill edit_skill retire_skill restore_skill"),
];
const OPEN: &str = "withdraw_invite redeem_invite sign_in sign_out revoke_device send_reminder bounce_reminder \
                    unsubscribe";

fn may(table: &[(&str, &str)], role: Role, action: Action) -> bool {
    let letter = match role {
        Role::Participant => 'p',
        Role::Counselor => 'c',
        Role::Supervisor => 's',
        Role::Admin => 'a',
        Role::Supporter => '-',
    };
    table
        .iter()
        .any(|(who, names)| who.contains(letter) && names.split(' ').any(|name| name == action.as_str()))
}

#[test]
fn the_truth_table_holds() {
    use {Relation as Is, Role as R};
    for &action in Action::ALL {
        for &role in Role::ALL {
            for &relation in Relation::ALL {
                let actor = actor(role, (relation == Is::Own).then_some(OWN));
                let knows = matches!(
                    (role, relation),
                    (R::Participant, Is::Own)
                        | (R::Counselor, Is::Caseload)
                        | (R::Supervisor | R::Admin, Is::Caseload | Is::Organization)
                );
                let decided = decide(&actor, action, Uuid::from_u128(OWN).into(), relation, request());
                let expected = match (knows, may(WHO, role, action)) {
                    (false, _) => Err(Refusal::Unknown),
                    (true, false) => Err(Refusal::NotAllowed),
                    (true, true) => Ok((actor, Uuid::from_u128(OWN).into(), action, relation)),
                };
                let decided = decided.map(|g| (*g.actor(), g.participant(), g.action(), g.relation()));
                assert_eq!(decided, expected, "{role:?} {relation:?} {action:?}");
            }
        }
    }
}

#[test]
fn the_table_of_the_organization_holds() {
    for &action in Action::ALL {
        for &role in Role::ALL {
            let decided = permit(&actor(role, None), action, request()).map(|permit| permit.action());
            let allowed = may(WHO_IN_THE_ORGANIZATION, role, action);
            let expected = if allowed { Ok(action) } else { Err(Refusal::NotAllowed) };
            assert_eq!(decided, expected, "{role:?} {action:?}");
        }
    }
}

#[test]
fn every_action_is_in_exactly_one_table() {
    let tables = WHO.iter().chain(WHO_IN_THE_ORGANIZATION).map(|(_, names)| *names).chain([OPEN]);
    let mut named: Vec<&str> = tables.flat_map(|names| names.split_ascii_whitespace()).collect();
    let mut actions: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    named.sort_unstable();
    actions.sort_unstable();
    assert_eq!(named, actions);
}

proptest! {
    #[test]
    fn a_participant_reaches_only_their_own_record(
        own in prop::option::of(0u128..4), asked in 0u128..4,
        relation in prop::sample::select(Relation::ALL), action in prop::sample::select(Action::ALL)
    ) {
        let actor = actor(Role::Participant, own);
        let decision = decide(&actor, action, Uuid::from_u128(asked).into(), relation, request());
        let is_own = own == Some(asked) && relation == Relation::Own;
        prop_assert_eq!(decision.is_ok(), is_own && may(WHO, Role::Participant, action));
        prop_assert_eq!(decision == Err(Refusal::Unknown), !is_own);
    }
}
