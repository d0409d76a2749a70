//! Who may do what. The only maker of the proofs that queries ask for.

use crate::account::{AccountId, DeviceId, OrganisationId, ParticipantId, Role};

/// Who acts, as of this transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub account: AccountId,
    /// Where it belongs.
    pub organisation: OrganisationId,
    /// What it does there.
    pub role: Role,
    /// The session it acts from.
    pub device: DeviceId,
    /// The record it owns, if it is a participant.
    pub participant: Option<ParticipantId>,
}

/// What is done to one participant's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Log, re-rate, conclude, correct or withdraw a craving.
    RecordCraving,
    /// Read cravings.
    ReadCravings,
    /// Read what the logs add up to.
    ReadTrend,
    /// Read when reminders go out and what became of them.
    ReadReminders,
    /// Choose when reminders go out.
    ChangeReminders,
    /// Read who did or saw what.
    ReadJournal,
    /// Log, correct or withdraw a practice of a coping skill.
    RecordPractice,
    /// Read practice, what works, favourites, own cautions and assigned skills.
    ReadPractice,
    /// Assign a skill for practice, or take that back.
    AssignSkill,
    /// Mark favourite skills and own cautions.
    ChooseSkills,
    /// Note which cautions hold for the participant.
    NoteCautions,
    /// Answer a daily or weekly check-in, or answer it anew.
    AnswerCheckIn,
    /// Read check-ins and how many days have one.
    ReadCheckIns,
    /// Tell of a start, a lapse or what led to it, or take that back.
    ReportLapse,
    /// Read sober time, milestones, lapses and what led to them.
    ReadRecovery,
    /// Acknowledge a lapse: who treats the person has seen it.
    AcknowledgeLapse,
    /// Read the relapse-prevention plan and the safety plan.
    ReadPlan,
    /// Write a new revision of either plan.
    ChangePlan,
    /// Sign a revision as agreed.
    SignPlan,
    /// Read the level of care and the steps to it.
    ReadCare,
    /// Record a step to another level of care.
    ChangeCare,
    /// Say where the participant lives by the clock.
    ChangeTimeZone,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 22] = [
        Self::RecordCraving,
        Self::ReadCravings,
        Self::ReadTrend,
        Self::ReadReminders,
        Self::ChangeReminders,
        Self::ReadJournal,
        Self::RecordPractice,
        Self::ReadPractice,
        Self::AssignSkill,
        Self::ChooseSkills,
        Self::NoteCautions,
        Self::AnswerCheckIn,
        Self::ReadCheckIns,
        Self::ReportLapse,
        Self::ReadRecovery,
        Self::AcknowledgeLapse,
        Self::ReadPlan,
        Self::ChangePlan,
        Self::SignPlan,
        Self::ReadCare,
        Self::ChangeCare,
        Self::ChangeTimeZone,
    ];

    /// The name for logs and the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecordCraving => "record_craving",
            Self::ReadCravings => "read_cravings",
            Self::ReadTrend => "read_trend",
            Self::ReadReminders => "read_reminders",
            Self::ChangeReminders => "change_reminders",
            Self::ReadJournal => "read_journal",
            Self::RecordPractice => "record_practice",
            Self::ReadPractice => "read_practice",
            Self::AssignSkill => "assign_skill",
            Self::ChooseSkills => "choose_skills",
            Self::NoteCautions => "note_cautions",
            Self::AnswerCheckIn => "answer_check_in",
            Self::ReadCheckIns => "read_check_ins",
            Self::ReportLapse => "report_lapse",
            Self::ReadRecovery => "read_recovery",
            Self::AcknowledgeLapse => "acknowledge_lapse",
            Self::ReadPlan => "read_plan",
            Self::ChangePlan => "change_plan",
            Self::SignPlan => "sign_plan",
            Self::ReadCare => "read_care",
            Self::ChangeCare => "change_care",
            Self::ChangeTimeZone => "change_time_zone",
        }
    }
}

/// How an actor stands to a participant, as of this transaction; the closest that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The record is the actor's own.
    Own,
    /// The participant is on the actor's caseload.
    Caseload,
    /// Both belong to one organisation.
    Organisation,
    /// Nothing connects them, or there is no such participant.
    Foreign,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 4] = [Self::Own, Self::Caseload, Self::Organisation, Self::Foreign];
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The actor may not even know that this exists; answered like something that does not.
    #[error("there is nothing here that you know of")]
    Unknown,
    /// The actor may know of it, but not do this.
    #[error("your role may not do this")]
    NotAllowed,
}

/// The proof that this actor may do this act on this participant's record. Only [`decide`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    actor: Actor,
    participant: ParticipantId,
    act: Act,
    relation: Relation,
}

impl Grant {
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    /// On whose record.
    pub fn participant(&self) -> ParticipantId {
        self.participant
    }
    /// What is done.
    pub fn act(&self) -> Act {
        self.act
    }
    /// By which relation.
    pub fn relation(&self) -> Relation {
        self.relation
    }
}

/// Decides whether an actor may do an act on a participant's record.
pub fn decide(
    actor: &Actor,
    act: Act,
    participant: ParticipantId,
    relation: Relation,
) -> Result<Grant, Refusal> {
    // A record is somebody's own by the account, whatever a query made of it.
    if (relation == Relation::Own) != (actor.participant == Some(participant)) {
        return Err(Refusal::Unknown);
    }
    let may = match (actor.role, relation) {
        // What is asked of somebody, what was seen of them and where they are in treatment is all that a
        // participant cannot write.
        (Role::Participant, Relation::Own) => {
            !matches!(act, Act::AssignSkill | Act::AcknowledgeLapse | Act::ChangeCare)
        }
        (Role::Counselor, Relation::Caseload) => match act {
            Act::ReadCravings
            | Act::ReadTrend
            | Act::ReadReminders
            | Act::ChangeReminders
            | Act::ReadPractice
            | Act::AssignSkill
            | Act::NoteCautions
            | Act::ReadCheckIns
            | Act::ReadRecovery
            | Act::AcknowledgeLapse
            | Act::ReadPlan
            | Act::ChangePlan
            | Act::SignPlan
            | Act::ReadCare
            | Act::ChangeCare
            | Act::ChangeTimeZone => true,
            Act::RecordCraving
            | Act::ReadJournal
            | Act::RecordPractice
            | Act::ChooseSkills
            | Act::AnswerCheckIn
            | Act::ReportLapse => false,
        },
        (Role::Supervisor, Relation::Caseload | Relation::Organisation) => match act {
            Act::ReadCravings
            | Act::ReadTrend
            | Act::ReadReminders
            | Act::ReadJournal
            | Act::ReadPractice
            | Act::ReadCheckIns
            | Act::ReadRecovery
            | Act::AcknowledgeLapse
            | Act::ReadPlan
            | Act::ReadCare
            // The level of care is a decision of the treatment that a supervisor answers for.
            | Act::ChangeCare
            // Whoever may invite a participant may say where they live.
            | Act::ChangeTimeZone => true,
            // A plan is agreed between two: whoever only answers for the treatment does not write or sign it.
            Act::RecordCraving
            | Act::ChangeReminders
            | Act::RecordPractice
            | Act::AssignSkill
            | Act::ChooseSkills
            | Act::NoteCautions
            | Act::AnswerCheckIn
            | Act::ReportLapse
            | Act::ChangePlan
            | Act::SignPlan => false,
        },
        (Role::Admin, Relation::Caseload | Relation::Organisation) => false,
        (Role::Participant | Role::Counselor | Role::Supervisor | Role::Admin | Role::Supporter, _) => {
            return Err(Refusal::Unknown);
        }
    };
    if may { Ok(Grant { actor: *actor, participant, act, relation }) } else { Err(Refusal::NotAllowed) }
}

/// What is done in an organisation, on no single participant's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfficeAct {
    /// Invite a participant, or take that back.
    InviteParticipant,
    /// Invite a colleague, or take that back.
    InviteStaff,
    /// Read the list of the participants one treats: a counselor's own, a supervisor's all.
    ReadCaseload,
    /// Read the invitations one may make.
    ReadInvites,
    /// Read the coping skills on offer: the library's and the organisation's own.
    ReadSkills,
    /// Add, edit or retire the organisation's own coping skills.
    ManageSkills,
}

impl OfficeAct {
    /// Every act.
    pub const ALL: [Self; 6] = [
        Self::InviteParticipant,
        Self::InviteStaff,
        Self::ReadCaseload,
        Self::ReadInvites,
        Self::ReadSkills,
        Self::ManageSkills,
    ];

    /// The act of inviting somebody to this role.
    pub const fn inviting(role: Role) -> Self {
        match role {
            Role::Participant => Self::InviteParticipant,
            Role::Counselor | Role::Supervisor | Role::Admin | Role::Supporter => Self::InviteStaff,
        }
    }

    /// The name for logs and the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InviteParticipant => "invite_participant",
            Self::InviteStaff => "invite_staff",
            Self::ReadCaseload => "read_caseload",
            Self::ReadInvites => "read_invites",
            Self::ReadSkills => "read_skills",
            Self::ManageSkills => "manage_skills",
        }
    }
}

/// The proof that this actor may do this in the own organisation. Only [`permit`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    actor: Actor,
    act: OfficeAct,
}

impl Permit {
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    /// What is done.
    pub fn act(&self) -> OfficeAct {
        self.act
    }
}

/// Decides whether an actor may do an act in the own organisation.
pub fn permit(actor: &Actor, act: OfficeAct) -> Result<Permit, Refusal> {
    let may = match act {
        OfficeAct::InviteParticipant => actor.role.invites(Role::Participant),
        OfficeAct::InviteStaff => actor.role.invites(Role::Counselor),
        OfficeAct::ReadCaseload => matches!(actor.role, Role::Counselor | Role::Supervisor),
        OfficeAct::ReadInvites => actor.role.is_staff(),
        OfficeAct::ReadSkills => actor.role != Role::Supporter,
        OfficeAct::ManageSkills => matches!(actor.role, Role::Supervisor | Role::Admin),
    };
    if may { Ok(Permit { actor: *actor, act }) } else { Err(Refusal::NotAllowed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const OWN: u128 = 7;

    fn actor(role: Role, participant: Option<u128>) -> Actor {
        Actor {
            account: Uuid::from_u128(1).into(),
            organisation: Uuid::from_u128(2).into(),
            role,
            device: Uuid::from_u128(3).into(),
            participant: participant.map(|id| Uuid::from_u128(id).into()),
        }
    }

    /// Y may, n may not, - may not know. The acts are in the order of `Act::ALL`.
    #[test]
    fn the_truth_table_holds() {
        use {Relation as Is, Role as R};
        #[rustfmt::skip]
        let table = [
            // log, read, trend, reminders, change, journal; practise, read practice, assign, choose, cautions;
            // answer, check-ins, lapse, recovery, acknowledge; plan, change, sign; care, change; time zone
            (R::Participant, Is::Own,          "YYYYYYYYnYYYYYYnYYYYnY"),
            (R::Participant, Is::Caseload,     "----------------------"),
            (R::Participant, Is::Organisation, "----------------------"),
            (R::Participant, Is::Foreign,      "----------------------"),
            (R::Counselor,   Is::Own,          "----------------------"),
            (R::Counselor,   Is::Caseload,     "nYYYYnnYYnYnYnYYYYYYYY"),
            (R::Counselor,   Is::Organisation, "----------------------"),
            (R::Counselor,   Is::Foreign,      "----------------------"),
            (R::Supervisor,  Is::Own,          "----------------------"),
            (R::Supervisor,  Is::Caseload,     "nYYYnYnYnnnnYnYYYnnYYY"),
            (R::Supervisor,  Is::Organisation, "nYYYnYnYnnnnYnYYYnnYYY"),
            (R::Supervisor,  Is::Foreign,      "----------------------"),
            (R::Admin,       Is::Own,          "----------------------"),
            (R::Admin,       Is::Caseload,     "nnnnnnnnnnnnnnnnnnnnnn"),
            (R::Admin,       Is::Organisation, "nnnnnnnnnnnnnnnnnnnnnn"),
            (R::Admin,       Is::Foreign,      "----------------------"),
            (R::Supporter,   Is::Own,          "----------------------"),
            (R::Supporter,   Is::Caseload,     "----------------------"),
            (R::Supporter,   Is::Organisation, "----------------------"),
            (R::Supporter,   Is::Foreign,      "----------------------"),
        ];
        assert_eq!(table.len(), Role::ALL.len() * Relation::ALL.len());
        for (role, relation, row) in table {
            let actor = actor(role, (relation == Relation::Own).then_some(OWN));
            let answers =
                Act::ALL.map(|act| match decide(&actor, act, Uuid::from_u128(OWN).into(), relation) {
                    Ok(grant) => {
                        assert_eq!((*grant.actor(), grant.act(), grant.relation()), (actor, act, relation));
                        assert_eq!(grant.participant(), Uuid::from_u128(OWN).into());
                        'Y'
                    }
                    Err(Refusal::NotAllowed) => 'n',
                    Err(Refusal::Unknown) => '-',
                });
            assert_eq!(String::from_iter(answers), row, "{role:?} {relation:?}");
        }
    }

    #[test]
    fn the_office_table_holds() {
        let table = [
            (Role::Participant, "nnnnYn"),
            (Role::Counselor, "YnYYYn"),
            (Role::Supervisor, "YnYYYY"),
            (Role::Admin, "nYnYYY"),
            (Role::Supporter, "nnnnnn"),
        ];
        for (role, row) in table {
            let actor = actor(role, None);
            let answers = OfficeAct::ALL.map(|act| match permit(&actor, act) {
                Ok(permit) => {
                    assert_eq!((*permit.actor(), permit.act()), (actor, act));
                    'Y'
                }
                Err(Refusal::NotAllowed) => 'n',
                Err(Refusal::Unknown) => '-',
            });
            assert_eq!(String::from_iter(answers), row, "{role:?}");
        }
    }

    #[test]
    fn no_two_acts_share_a_name() {
        let names: std::collections::BTreeSet<_> =
            Act::ALL.map(Act::as_str).into_iter().chain(OfficeAct::ALL.map(OfficeAct::as_str)).collect();
        assert_eq!(names.len(), Act::ALL.len() + OfficeAct::ALL.len());
    }

    proptest! {
        #[test]
        fn a_participant_reaches_the_own_record_alone(
            own in prop::option::of(0u128..4), asked in 0u128..4, relation in 0usize..4, act in 0usize..22
        ) {
            let actor = actor(Role::Participant, own);
            let decision = decide(&actor, Act::ALL[act], Uuid::from_u128(asked).into(), Relation::ALL[relation]);
            let is_own = own == Some(asked) && Relation::ALL[relation] == Relation::Own;
            prop_assert_eq!(decision.is_ok(), is_own && ![Act::AssignSkill, Act::AcknowledgeLapse, Act::ChangeCare].contains(&Act::ALL[act]));
            prop_assert_eq!(decision == Err(Refusal::Unknown), !is_own);
        }
    }
}
