//! The sections of the relapse-prevention plan.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

use super::difference::{self, ItemChange};
use super::document::{Part, Single, document};
use super::item::{Called, ItemId, Items, MOST_WORDS, Reach, Unfit, Words, items};
use super::merge::Clash;
use crate::account::Role;
use crate::coping::SkillRef;
use crate::craving::TriggerCategory;
use crate::recovery::warning::{SignCode, WarningSign, WarningStage, signs};
use crate::value::{BoundedList, Day};

words! {
    /// A part of the relapse-prevention plan.
    PlanSection {
        /// Reasons for recovery.
        Reasons = "reasons",
        /// What triggers cravings, and what helps.
        Triggers = "triggers",
        /// Early signs of a relapse.
        WarningSigns = "warning_signs",
        /// High-risk situations and what to do in them.
        Situations = "situations",
        /// People who help.
        Supports = "supports",
        /// What to do if there was use.
        LapseResponse = "lapse_response",
        /// Medications.
        Medications = "medications",
        /// Whether naloxone is at hand.
        Naloxone = "naloxone",
        /// The daily routine.
        Routine = "routine",
        /// Local crisis lines, besides the national ones.
        LocalCrisisLines = "local_crisis_lines",
        /// What to look forward to.
        Milestones = "milestones",
        /// The date of the next review.
        Review = "review",
        /// Which sections are hidden from the care team.
        Sharing = "sharing",
    }
}

impl PlanSection {
    /// Whether it may save a life. Then no text of it is ever dropped, and the care team always sees it.
    pub fn is_critical(self) -> bool {
        matches!(self, Self::LocalCrisisLines | Self::LapseResponse | Self::Naloxone)
    }

    /// Whether the participant may hide it from the care team.
    pub fn may_be_hidden(self) -> bool {
        !self.is_critical() && !matches!(self, Self::Review | Self::Sharing)
    }
}

words! {
    /// Where a trigger comes from.
    TriggerSource {
        /// From outside: people, places, things, times.
        External = "external",
        /// From inside: feelings, thoughts, sensations.
        Internal = "internal",
    }
}
words! {
    /// What a support person is to the participant.
    SupportRole {
        /// A sponsor.
        Sponsor = "sponsor",
        /// Another person in recovery.
        Peer = "peer",
        /// Family.
        Family = "family",
        /// A friend.
        Friend = "friend",
        /// A counselor.
        Counselor = "counselor",
        /// Clergy.
        Clergy = "clergy",
        /// Somebody else.
        Other = "other",
    }
}

/// Makes the structs that a plan lists: an id and the content.
macro_rules! entries {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[$meta:meta])+ $field:ident: $type:ty,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Its id, made by the phone.
            pub id: ItemId,
            $($(#[$meta])+ pub $field: $type,)+
        }
        items!($name);
    )+};
}
pub(crate) use entries;

entries! {
    /// A reason for recovery.
    RecoveryReason {
        /// What it is.
        words: Words,
    }
    /// Something that triggers cravings.
    PlanTrigger {
        /// The kind of high-risk situation.
        category: TriggerCategory,
        /// Whether it comes from outside or inside.
        source: TriggerSource,
        /// What it is.
        words: Words,
        /// Skills that help, the one to try first at the top.
        #[serde(default, skip_serializing_if = "BoundedList::is_empty")]
        #[schema(value_type = Vec<SkillRef>, max_items = 4)]
        coping: BoundedList<SkillRef, 4>,
    }
    /// An early sign of a relapse.
    PlanSign {
        /// The sign of the weekly check-in that it came from. It stays when the words change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<SignCode>,
        /// The stage it belongs to.
        stage: WarningStage,
        /// What it is.
        words: Words,
    }
    /// A high-risk situation and what to do about it.
    RiskSituation {
        /// What it is.
        words: Words,
        /// How to stay out of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avoid: Option<Words>,
        /// How to get out of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        escape: Option<Words>,
        /// How to get through it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cope: Option<Words>,
        /// Whom to call and how.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<Words>,
    }
    /// Somebody who helps.
    Support {
        /// The name.
        name: Called,
        /// What this person is to the participant.
        role: SupportRole,
        /// How to reach them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reach: Option<Reach>,
        /// What to ask for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<Words>,
    }
    /// A step to take if there was use.
    LapseResponseStep {
        /// What to do.
        words: Words,
    }
    /// A medication.
    Medication {
        /// Name, dose and time, in the person's words.
        words: Words,
    }
    /// A part of the daily routine.
    RoutinePart {
        /// What, and when.
        words: Words,
    }
    /// A local crisis line.
    LocalCrisisLine {
        /// Its name.
        name: Called,
        /// How to reach it.
        reach: Reach,
    }
    /// Something to look forward to.
    PlanMilestone {
        /// The goal.
        words: Words,
        /// How to celebrate it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reward: Option<Words>,
    }
}

impl PlanSign {
    /// Whether it came from this sign, or has the same words.
    pub fn matches(&self, sign: &WarningSign) -> bool {
        let plain = |words: &str| words.trim().to_lowercase();
        self.code.as_ref() == Some(&sign.code) || plain(self.words.as_ref()) == plain(&sign.words)
    }

    /// This sign with the code that it had before. Older phones leave codes out, and older revisions have none;
    /// then the code is found by the words it had before.
    #[must_use]
    pub(super) fn with_code_of(self, before: Option<&Self>) -> Self {
        let Some(before) = before.filter(|_| self.code.is_none()) else { return self };
        let by_words = || signs().iter().find(|sign| before.words != self.words && before.matches(sign));
        let code = before.code.clone().or_else(|| by_words().map(|sign| sign.code.clone()));
        Self { code, ..self }
    }
}

/// Whether naloxone is at hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "has": true, "location": "Kitchen drawer; Sam knows" }))]
pub struct Naloxone {
    /// Whether the person has some.
    pub has: bool,
    /// Where it is, or where to get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Words>,
}

impl Single for Naloxone {
    /// Names both locations. If `has` was not answered before and the answers differ, the result is no: a wrong
    /// yes can kill.
    fn both(base: Option<&Self>, theirs: &Self, mine: &Self) -> Result<Self, Clash> {
        let has = match base {
            Some(base) if theirs.has == base.has => mine.has,
            Some(_) => theirs.has,
            None => theirs.has && mine.has,
        };
        let before = base.and_then(|base| base.location.as_ref());
        let location = match (theirs.location.as_ref(), mine.location.as_ref()) {
            (theirs, mine) if theirs == mine || mine == before => theirs.cloned(),
            (theirs, mine) if theirs == before => mine.cloned(),
            (Some(theirs), Some(mine)) => {
                let (one, other) = (theirs.min(mine), theirs.max(mine));
                let both = format!("{}; {}", one.as_ref(), other.as_ref()).try_into();
                Some(both.map_err(|_| Clash::TooLong { most: MOST_WORDS })?)
            }
            _ => return Err(Clash::Removed),
        };
        Ok(Self { has, location })
    }
}
impl Single for Day {
    /// The earlier date: an early review does no harm.
    fn both(_: Option<&Self>, theirs: &Self, mine: &Self) -> Result<Self, Clash> {
        Ok(*theirs.min(mine))
    }
}

/// The sections that the participant hides from the care team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<PlanSection>", into = "Vec<PlanSection>")]
pub struct OnlyMe(BTreeSet<PlanSection>);

impl OnlyMe {
    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this section is hidden from the care team.
    pub fn hides(&self, section: PlanSection) -> bool {
        self.0.contains(&section)
    }

    /// This with the changes of another since `base`.
    pub(super) fn changed_as(&self, base: &Self, other: &Self) -> Self {
        let all = PlanSection::ALL.iter().copied();
        let is_hidden = |section: &PlanSection| {
            let changed = base.hides(*section) != other.hides(*section);
            if changed { other.hides(*section) } else { self.hides(*section) }
        };
        Self(all.filter(is_hidden).collect())
    }

    /// Whether somebody in this role sees this section of a plan they may read.
    pub fn shows(&self, section: PlanSection, role: Role) -> bool {
        match role {
            Role::Participant => true,
            Role::Counselor | Role::Supervisor => !self.hides(section),
            Role::Admin | Role::Supporter => false,
        }
    }
}
impl TryFrom<Vec<PlanSection>> for OnlyMe {
    type Error = Unfit;
    fn try_from(sections: Vec<PlanSection>) -> Result<Self, Unfit> {
        if !sections.iter().all(|section| section.may_be_hidden()) {
            return Err(Unfit::AlwaysShared);
        }
        let count = sections.len();
        let sections: BTreeSet<_> = sections.into_iter().collect();
        if sections.len() == count { Ok(Self(sections)) } else { Err(Unfit::NamedTwice) }
    }
}
impl From<OnlyMe> for Vec<PlanSection> {
    fn from(only_me: OnlyMe) -> Self {
        only_me.0.into_iter().collect()
    }
}
impl PartialSchema for OnlyMe {
    fn schema() -> RefOr<Schema> {
        utoipa::openapi::ArrayBuilder::new()
            .description(Some(
                "Sections that the care team does not see; never local_crisis_lines, lapse_response, naloxone, review or sharing",
            ))
            .items(PlanSection::schema())
            .unique_items(true)
            .max_items(Some(PlanSection::ALL.len()))
            .examples([serde_json::json!(["reasons"])])
            .into()
    }
}
impl ToSchema for OnlyMe {}

/// The content of a relapse-prevention plan. The national crisis lines are shown with every plan and not stored
/// in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Reasons for recovery.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<RecoveryReason>, max_items = 8)]
    pub reasons: Items<RecoveryReason, 8>,
    /// What triggers cravings, and what helps.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<PlanTrigger>, max_items = 16)]
    pub triggers: Items<PlanTrigger, 16>,
    /// Early signs of a relapse.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<PlanSign>, max_items = 16)]
    pub warning_signs: Items<PlanSign, 16>,
    /// High-risk situations and what to do in them.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<RiskSituation>, max_items = 8)]
    pub situations: Items<RiskSituation, 8>,
    /// People who help.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<Support>, max_items = 10)]
    pub supports: Items<Support, 10>,
    /// What to do if there was use, in this order.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<LapseResponseStep>, max_items = 10)]
    pub lapse_response: Items<LapseResponseStep, 10>,
    /// Medications.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<Medication>, max_items = 12)]
    pub medications: Items<Medication, 12>,
    /// Whether naloxone is at hand; missing until it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub naloxone: Option<Naloxone>,
    /// The daily routine.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<RoutinePart>, max_items = 12)]
    pub routine: Items<RoutinePart, 12>,
    /// Local crisis lines, besides the national ones.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<LocalCrisisLine>, max_items = 6)]
    pub local_crisis_lines: Items<LocalCrisisLine, 6>,
    /// What to look forward to.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<PlanMilestone>, max_items = 8)]
    pub milestones: Items<PlanMilestone, 8>,
    /// The date of the next review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub review_on: Option<Day>,
    /// The sections that the care team does not see. Only the participant can change this.
    #[serde(default, skip_serializing_if = "OnlyMe::is_empty")]
    pub only_me: OnlyMe,
}

document!(Plan, PlanSection {
    reasons = Reasons,
    triggers = Triggers,
    warning_signs = WarningSigns,
    situations = Situations,
    supports = Supports,
    lapse_response = LapseResponse,
    medications = Medications,
    naloxone = Naloxone,
    routine = Routine,
    local_crisis_lines = LocalCrisisLines,
    milestones = Milestones,
    review_on = Review,
    only_me = Sharing,
});

impl Part for OnlyMe {
    fn merged(base: &Self, theirs: &Self, mine: &Self, _: bool) -> Result<Self, Clash> {
        // There is no conflict: if both changed a section, they made the same change.
        Ok(theirs.changed_as(base, mine))
    }
    fn changes(old: &Self, new: &Self, name: &str) -> Vec<ItemChange> {
        difference::single(Some(old), Some(new), name).into_iter().collect()
    }
}
