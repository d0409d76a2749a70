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
        /// Why recovery.
        Reasons = "reasons",
        /// What sets craving off, and what helps against it.
        Triggers = "triggers",
        /// Signs that a relapse is on its way.
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
        /// What holds the day together.
        Routine = "routine",
        /// Lines of the region that answer day and night, besides the national ones.
        Lines = "lines",
        /// What to look forward to.
        Milestones = "milestones",
        /// When the plan is looked at again.
        Review = "review",
        /// What the care team does not see.
        Sharing = "sharing",
    }
}

impl PlanSection {
    /// Whether somebody's life may hang on it: its text is never dropped, and the care team always sees it.
    pub fn is_critical(self) -> bool {
        matches!(self, Self::Lines | Self::LapseResponse | Self::Naloxone)
    }

    /// Whether the participant may keep it from the care team.
    pub fn may_be_kept(self) -> bool {
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
    /// How somebody stands to the person.
    SupportRole {
        /// A sponsor.
        Sponsor = "sponsor",
        /// Somebody else in recovery.
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

/// Structs that a plan lists: an id and what it says.
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
    /// Something that sets craving off.
    PlanTrigger {
        /// The kind of high-risk situation.
        category: TriggerCategory,
        /// Whether it comes from outside or inside.
        source: TriggerSource,
        /// What it is.
        words: Words,
        /// Skills that help against it, the one to try first at the head.
        #[serde(default, skip_serializing_if = "BoundedList::is_empty")]
        #[schema(value_type = Vec<SkillRef>, max_items = 4)]
        coping: BoundedList<SkillRef, 4>,
    }
    /// An early sign that a relapse may be on its way.
    PlanSign {
        /// The sign that everyone is asked about which it came from; it stays when the words change.
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
        /// Whom to call, and how.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<Words>,
    }
    /// Somebody who helps.
    Support {
        /// The name.
        name: Called,
        /// How this person stands to the participant.
        role: SupportRole,
        /// How to get through.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reach: Option<Reach>,
        /// What to ask for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<Words>,
    }
    /// A step to take if there was use. Their order is the list's.
    LapseResponseStep {
        /// What to do.
        words: Words,
    }
    /// A medicine, with what is worth knowing of it.
    Medication {
        /// Name, dose, time, as the person puts it.
        words: Words,
    }
    /// Something that holds the day together.
    RoutinePart {
        /// What, and when.
        words: Words,
    }
    /// A line of the region that answers day and night.
    LocalLine {
        /// Its name.
        name: Called,
        /// How to get through.
        reach: Reach,
    }
    /// Something to look forward to.
    PlanMilestone {
        /// What is to be reached.
        words: Words,
        /// How it is celebrated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reward: Option<Words>,
    }
}

impl PlanSign {
    /// Whether it came from this sign, or says the same.
    pub fn tells_of(&self, sign: &WarningSign) -> bool {
        let plain = |words: &str| words.trim().to_lowercase();
        self.code.as_ref() == Some(&sign.code) || plain(self.words.as_ref()) == plain(&sign.words)
    }

    /// This with the sign that it came from by what was written before under its id. Phones that do not know of
    /// codes leave them out, and older revisions have none.
    #[must_use]
    pub(super) fn following(self, before: Option<&Self>) -> Self {
        let Some(before) = before.filter(|_| self.code.is_none()) else { return self };
        let by_words = || signs().iter().find(|sign| before.words != self.words && before.tells_of(sign));
        let code = before.code.clone().or_else(|| by_words().map(|sign| sign.code.clone()));
        Self { code, ..self }
    }
}

/// Whether naloxone is at hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "has": true, "kept": "Kitchen drawer; Sam knows" }))]
pub struct Naloxone {
    /// Whether the person has some.
    pub has: bool,
    /// Where it is kept, or where to get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Words>,
}

impl Single for Naloxone {
    /// Both places are named. Where nobody asked before and the answers differ, there is none: the other
    /// answer can kill.
    fn both(base: Option<&Self>, theirs: &Self, mine: &Self) -> Result<Self, Clash> {
        let has = match base {
            Some(base) if theirs.has == base.has => mine.has,
            Some(_) => theirs.has,
            None => theirs.has && mine.has,
        };
        let before = base.and_then(|base| base.kept.as_ref());
        let kept = match (theirs.kept.as_ref(), mine.kept.as_ref()) {
            (theirs, mine) if theirs == mine || mine == before => theirs.cloned(),
            (theirs, mine) if theirs == before => mine.cloned(),
            (Some(theirs), Some(mine)) => {
                let (one, other) = (theirs.min(mine), theirs.max(mine));
                let both = format!("{}; {}", one.as_ref(), other.as_ref()).try_into();
                Some(both.map_err(|_| Clash::TooLong { most: MOST_WORDS })?)
            }
            _ => return Err(Clash::Removed),
        };
        Ok(Self { has, kept })
    }
}
impl Single for Day {
    /// A look too early harms nobody.
    fn both(_: Option<&Self>, theirs: &Self, mine: &Self) -> Result<Self, Clash> {
        Ok(*theirs.min(mine))
    }
}

/// The sections that the participant keeps from the care team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<PlanSection>", into = "Vec<PlanSection>")]
pub struct OnlyMe(BTreeSet<PlanSection>);

impl OnlyMe {
    /// Whether nothing is kept from the care team.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this section is kept from the care team.
    pub fn keeps(&self, section: PlanSection) -> bool {
        self.0.contains(&section)
    }

    /// This with what another changed since `base`.
    pub(super) fn changed_as(&self, base: &Self, other: &Self) -> Self {
        let all = PlanSection::ALL.iter().copied();
        let kept = |section: &PlanSection| {
            let changed = base.keeps(*section) != other.keeps(*section);
            if changed { other.keeps(*section) } else { self.keeps(*section) }
        };
        Self(all.filter(kept).collect())
    }

    /// Whether somebody in this role sees this section of a plan they may read.
    pub fn shows(&self, section: PlanSection, role: Role) -> bool {
        match role {
            Role::Participant => true,
            Role::Counselor | Role::Supervisor => !self.keeps(section),
            Role::Admin | Role::Supporter => false,
        }
    }
}
impl TryFrom<Vec<PlanSection>> for OnlyMe {
    type Error = Unfit;
    fn try_from(sections: Vec<PlanSection>) -> Result<Self, Unfit> {
        if !sections.iter().all(|section| section.may_be_kept()) {
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
                "Sections that the care team does not see; never lines, lapse_response, naloxone, review or sharing",
            ))
            .items(PlanSection::schema())
            .unique_items(true)
            .max_items(Some(PlanSection::ALL.len()))
            .examples([serde_json::json!(["reasons"])])
            .into()
    }
}
impl ToSchema for OnlyMe {}

/// What a relapse-prevention plan says. The national lines are in every plan without being written into it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Why recovery.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<RecoveryReason>, max_items = 8)]
    pub reasons: Items<RecoveryReason, 8>,
    /// What sets craving off, and what helps against it.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<PlanTrigger>, max_items = 16)]
    pub triggers: Items<PlanTrigger, 16>,
    /// Signs that a relapse is on its way.
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
    /// Whether naloxone is at hand; nothing if nobody has asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub naloxone: Option<Naloxone>,
    /// What holds the day together.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<RoutinePart>, max_items = 12)]
    pub routine: Items<RoutinePart, 12>,
    /// Lines of the region, besides the national ones.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<LocalLine>, max_items = 6)]
    pub lines: Items<LocalLine, 6>,
    /// What to look forward to.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<PlanMilestone>, max_items = 8)]
    pub milestones: Items<PlanMilestone, 8>,
    /// When the plan is looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub review_on: Option<Day>,
    /// What the care team does not see. The participant alone changes this.
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
    lines = Lines,
    milestones = Milestones,
    review_on = Review,
    only_me = Sharing,
});

impl Part for OnlyMe {
    fn merged(base: &Self, theirs: &Self, mine: &Self, _: bool) -> Result<Self, Clash> {
        // Both can only have made the same change to one section: it was kept before, or it was not.
        Ok(theirs.changed_as(base, mine))
    }
    fn changes(old: &Self, new: &Self, name: &str) -> Vec<ItemChange> {
        difference::single(Some(old), Some(new), name).into_iter().collect()
    }
}
