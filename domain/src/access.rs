//! Who may do what. Only this module makes the proofs that queries need.

use uuid::Uuid;

use crate::account::{AccountId, DeviceId, OrganizationId, ParticipantId, Role};
use crate::value::Moment;

words! {
    /// A part of the product. Every action belongs to one.
    Module {
        /// People, invitations, devices.
        Account = "account",
        /// The level of care.
        Program = "program",
        /// The relapse-prevention plan and the safety plan.
        Plan = "plan",
        /// Logged cravings.
        Craving = "craving",
        /// Coping skills: practice, favorites, assignments.
        Coping = "coping",
        /// Daily and weekly check-ins.
        CheckIn = "check_in",
        /// Sober time, milestones, lapses, use reports.
        Recovery = "recovery",
        /// Summaries over days, and the caseload.
        Trend = "trend",
        /// Questions for the next session.
        Question = "question",
        /// Reminders and their settings.
        Reminder = "reminder",
        /// The audit log.
        Audit = "audit",
    }
}

/// What an action is done to. It determines how permission is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One participant's record; see [`decide`].
    Record,
    /// The actor's own organization; see [`permit`].
    Organization,
    /// The actor's own account, or an action of the server: no role is needed.
    Open,
}

/// One row of the policy: what an action is done to, and which roles may do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The module that the action belongs to.
    pub module: Module,
    /// What it is done to.
    pub scope: Scope,
    /// Who may do it: a participant on their own record, a counselor on their caseload, a supervisor in the whole
    /// organization.
    pub roles: &'static [Role],
}

/// The policy: each action with its name, its scope and the roles that may do it, by module.
macro_rules! policy {
    ($($module:ident { $($(#[doc = $doc:literal])* $action:ident = $name:tt, $scope:ident [$($role:ident)*];)+ })+) => {
        words! {
            /// An action, as the policy and the audit log name it.
            Action { $($($(#[doc = $doc])* $action = $name,)+)+ }
        }
        impl Action {
            /// Who may do this.
            pub const fn policy(self) -> Policy {
                match self {
                    $($(Self::$action => Policy {
                        module: Module::$module,
                        scope: Scope::$scope,
                        roles: &[$(Role::$role),*],
                    },)+)+
                }
            }
        }
    };
}

policy! {
    Account {
        /// Change the time zone in which the participant lives. Roles that may invite a participant may do this.
        ChangeTimeZone = "change_time_zone", Record [Participant Counselor Supervisor];
        /// Read the time zone in which the participant lives.
        ReadTimeZone = "read_time_zone", Record [Participant Counselor Supervisor];
        /// Invite a participant, or withdraw the invitation.
        InviteParticipant = "invite_participant", Organization [Counselor Supervisor];
        /// Invite a colleague, or withdraw the invitation.
        InviteStaff = "invite_staff", Organization [Admin];
        /// Read the invitations one may make.
        ReadInvites = "read_invites", Organization [Counselor Supervisor Admin];
        /// Withdraw an invitation.
        WithdrawInvite = "withdraw_invite", Open [];
        /// Use an invitation.
        RedeemInvite = "redeem_invite", Open [];
        /// Sign in on a device.
        SignIn = "sign_in", Open [];
        /// Sign out of a device.
        SignOut = "sign_out", Open [];
        /// End the session of a device.
        RevokeDevice = "revoke_device", Open [];
    }
    Program {
        /// Read the level of care and its changes.
        ReadLevelOfCare = "read_level_of_care", Record [Participant Counselor Supervisor];
        /// Record a level-of-care change. It is a clinical decision, for which a supervisor is responsible too.
        ChangeLevelOfCare = "change_level_of_care", Record [Counselor Supervisor];
    }
    Plan {
        /// Read the relapse-prevention plan and the safety plan.
        ReadPlan = "read_plan", Record [Participant Counselor Supervisor];
        /// Save a new revision of either plan. A plan is agreed between participant and counselor, so a
        /// supervisor cannot.
        ChangePlan = "change_plan", Record [Participant Counselor];
        /// Accept a proposed change of the plan.
        AcceptPlanProposal = "accept_plan_proposal", Record [Participant Counselor];
        /// Sign a revision as agreed.
        SignPlan = "sign_plan", Record [Participant Counselor];
    }
    Craving {
        /// Log a craving.
        RecordCraving = "record_craving", Record [Participant];
        /// Rate a craving again while it lasts.
        RateCraving = "rate_craving", Record [Participant];
        /// Say how a craving ended.
        ConcludeCraving = "conclude_craving", Record [Participant];
        /// Replace a craving by a corrected revision.
        CorrectCraving = "correct_craving", Record [Participant];
        /// Mark a craving as entered in error.
        WithdrawCraving = "withdraw_craving", Record [Participant];
        /// Read cravings.
        ReadCravings = "read_cravings", Record [Participant Counselor Supervisor];
    }
    Coping {
        /// Log practice of a coping skill.
        RecordSkillPractice = "record_skill_practice", Record [Participant];
        /// Replace a skill practice by a corrected revision.
        CorrectSkillPractice = "correct_skill_practice", Record [Participant];
        /// Mark a skill practice as entered in error.
        WithdrawSkillPractice = "withdraw_skill_practice", Record [Participant];
        /// Read skill practice, what works, favorites, precautions and assigned skills.
        ReadSkillPractice = "read_skill_practice", Record [Participant Counselor Supervisor];
        /// Assign a skill for practice.
        AssignSkill = "assign_skill", Record [Counselor];
        /// Withdraw an assignment.
        WithdrawAssignment = "withdraw_assignment", Record [Counselor];
        /// Choose favorite skills and precautions.
        ChooseSkills = "choose_skills", Record [Participant];
        /// Note which precautions apply to the participant.
        NotePrecautions = "note_precautions", Record [Participant Counselor];
        /// Read the coping skills on offer: those of the library and of the organization.
        ReadSkills = "read_skills", Organization [Participant Counselor Supervisor Admin];
        /// Add a coping skill to the organization.
        AddSkill = "add_skill", Organization [Supervisor Admin];
        /// Edit a coping skill of the organization.
        EditSkill = "edit_skill", Organization [Supervisor Admin];
        /// Retire a coping skill of the organization.
        RetireSkill = "retire_skill", Organization [Supervisor Admin];
        /// Offer a retired coping skill again.
        RestoreSkill = "restore_skill", Organization [Supervisor Admin];
    }
    CheckIn {
        /// Answer a daily or weekly check-in.
        AnswerCheckIn = "answer_check_in", Record [Participant];
        /// Replace an answered check-in by another answer.
        CorrectCheckIn = "correct_check_in", Record [Participant];
        /// Read check-ins and the completion rate.
        ReadCheckIns = "read_check_ins", Record [Participant Counselor Supervisor];
    }
    Recovery {
        /// Record a sobriety date.
        RecordSobrietyDate = "record_sobriety_date", Record [Participant];
        /// Mark a sobriety date as entered in error.
        WithdrawSobrietyDate = "withdraw_sobriety_date", Record [Participant];
        /// Report a lapse.
        ReportLapse = "report_lapse", Record [Participant];
        /// Replace a lapse by a corrected revision.
        CorrectLapse = "correct_lapse", Record [Participant];
        /// Mark a lapse as entered in error.
        WithdrawLapse = "withdraw_lapse", Record [Participant];
        /// Save the debrief of a lapse.
        SaveDebrief = "save_debrief", Record [Participant];
        /// Hide or show the counter of a substance.
        ChangeCounter = "change_counter", Record [Participant];
        /// Accept a change of the plan that the logs suggest.
        AcceptProposal = "accept_proposal", Record [Participant];
        /// Decline a change of the plan that the logs suggest.
        DeclineProposal = "decline_proposal", Record [Participant];
        /// Read sober time, milestones, lapses, use reports and debriefs.
        ReadRecovery = "read_recovery", Record [Participant Counselor Supervisor];
        /// Acknowledge reports of use: somebody who treats the person has seen them.
        AcknowledgeUse = "acknowledge_use", Record [Counselor Supervisor];
    }
    Trend {
        /// Read trends.
        ReadTrend = "read_trend", Record [Participant Counselor Supervisor];
        /// Read the caseload: a counselor's participants, or for a supervisor all.
        ReadCaseload = "read_caseload", Organization [Counselor Supervisor];
    }
    Question {
        /// Write a question for the next session.
        RecordQuestion = "record_question", Record [Participant];
        /// Mark a question as discussed.
        DiscussQuestion = "discuss_question", Record [Participant Counselor];
        /// Withdraw a question.
        WithdrawQuestion = "withdraw_question", Record [Participant];
        /// Read questions.
        ReadQuestions = "read_questions", Record [Participant Counselor Supervisor];
    }
    Reminder {
        /// Read reminder preferences and the history of messages.
        ReadReminders = "read_reminders", Record [Participant Counselor Supervisor];
        /// Change reminder preferences.
        ChangeReminders = "change_reminders", Record [Participant Counselor];
        /// Read which reminders of the caseload were not delivered.
        ReadUndelivered = "read_undelivered", Organization [Counselor Supervisor];
        /// Send a reminder message.
        SendReminder = "send_reminder", Open [];
        /// Give up on a reminder message that cannot be delivered.
        BounceReminder = "bounce_reminder", Open [];
        /// Turn reminders off by the link in a message.
        Unsubscribe = "unsubscribe", Open [];
    }
    Audit {
        /// Read the audit log.
        ReadAuditLog = "read_audit_log", Record [Participant Supervisor];
    }
}

impl Action {
    /// The action of inviting somebody with this role.
    pub const fn inviting(role: Role) -> Self {
        match role {
            Role::Participant => Self::InviteParticipant,
            Role::Counselor | Role::Supervisor | Role::Admin | Role::Supporter => Self::InviteStaff,
        }
    }
}

/// Who acts, as read in this transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub account: AccountId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its role.
    pub role: Role,
    /// The device whose session it uses.
    pub device: DeviceId,
    /// Its own record, if it is a participant.
    pub participant: Option<ParticipantId>,
}

/// The request, and the time at which its actions count as done. Both are made before the transaction, which
/// may run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id in the request log, in the audit log and in the response's `X-Request-Id`.
    pub id: Uuid,
    /// The server's clock.
    pub now: Moment,
}

/// The closest relation of an actor to a participant, as read in this transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The record is the actor's own.
    Own,
    /// The participant is on the actor's caseload.
    Caseload,
    /// Both are in the same organization.
    Organization,
    /// They have no relation, or there is no such participant.
    Foreign,
}

impl Relation {
    /// Every relation.
    pub const ALL: &[Self] = &[Self::Own, Self::Caseload, Self::Organization, Self::Foreign];
}

/// Why an action is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The actor may not know that this exists. The answer is the same as if it did not.
    #[error("there is nothing here that you know of")]
    Unknown,
    /// The actor may know that this exists, but may not do this.
    #[error("your role may not do this")]
    NotAllowed,
}

/// The proof that this actor may do this action on this participant's record. Only [`decide`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    actor: Actor,
    participant: ParticipantId,
    action: Action,
    relation: Relation,
    request: Request,
}

impl Grant {
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    /// The participant whose record it is.
    pub fn participant(&self) -> ParticipantId {
        self.participant
    }
    /// The action.
    pub fn action(&self) -> Action {
        self.action
    }
    /// The actor's relation to the participant.
    pub fn relation(&self) -> Relation {
        self.relation
    }
    /// The request.
    pub fn request(&self) -> Request {
        self.request
    }
    /// When the action counts as done.
    pub fn now(&self) -> Moment {
        self.request.now
    }
}

/// Decides whether an actor may do an action on a participant's record.
pub fn decide(
    actor: &Actor,
    action: Action,
    participant: ParticipantId,
    relation: Relation,
    request: Request,
) -> Result<Grant, Refusal> {
    // Only the account says whose record it is, whatever relation a query found.
    if (relation == Relation::Own) != (actor.participant == Some(participant)) {
        return Err(Refusal::Unknown);
    }
    let may_know = match actor.role {
        Role::Participant => relation == Relation::Own,
        Role::Counselor => relation == Relation::Caseload,
        Role::Supervisor | Role::Admin => matches!(relation, Relation::Caseload | Relation::Organization),
        Role::Supporter => false,
    };
    if !may_know {
        return Err(Refusal::Unknown);
    }
    let Policy { scope, roles, .. } = action.policy();
    if scope != Scope::Record || !roles.contains(&actor.role) {
        return Err(Refusal::NotAllowed);
    }
    Ok(Grant { actor: *actor, participant, action, relation, request })
}

/// The proof that this actor may do this action in their own organization. Only [`permit`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    actor: Actor,
    action: Action,
    request: Request,
}

impl Permit {
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
    /// The action.
    pub fn action(&self) -> Action {
        self.action
    }
    /// The request.
    pub fn request(&self) -> Request {
        self.request
    }
    /// When the action counts as done.
    pub fn now(&self) -> Moment {
        self.request.now
    }
}

/// Decides whether an actor may do an action in their own organization.
pub fn permit(actor: &Actor, action: Action, request: Request) -> Result<Permit, Refusal> {
    let Policy { scope, roles, .. } = action.policy();
    if scope != Scope::Organization || !roles.contains(&actor.role) {
        return Err(Refusal::NotAllowed);
    }
    Ok(Permit { actor: *actor, action, request })
}

#[cfg(test)]
mod tests;
