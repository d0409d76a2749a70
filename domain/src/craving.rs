//! A craving: what was felt, when and where, how it changed, and how it ended.
//!
//! An entry is a fact. It is refused for no clock and no delay; a correction is a new revision, a withdrawal
//! a tombstone. Each rule returns the craving as it stands afterwards: equal to the one given, it was a repeat.

use crate::account::ParticipantId;
use crate::journal::words;
use crate::log_entry::{self, Told};
pub use crate::log_entry::{CLOCK_TOLERANCE, Reason, RevisionId};
use crate::value::{Day, Few, Moment, TimeZone, standing_schema};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

/// Most ratings that one craving keeps.
pub const MOST_RATINGS: usize = 50;

id! {
    /// A craving, named by the phone; unique for its participant.
    CravingId
}
id! {
    /// A later rating of a craving, named by the phone.
    RatingId
}
whole_number! {
    /// Strength of a craving: 0 none, 10 the strongest ever.
    Intensity: 0 to 10, such as 7
}
text! {
    /// A note in the participant's own words.
    Note: 1 to 2000, lines, such as "Walked past the old bar. Rang Sam and it eased."
}
text! {
    /// What set it off, in a few words.
    CueText: 1 to 120, such as "payday"
}
text! {
    /// A coping skill or act that was tried.
    CopingUsed: 1 to 120, such as "urge surfing"
}

words! {
    /// What was craved.
    Substance {
        /// Beer, wine, spirits.
        Alcohol = "alcohol",
        /// Cannabis in any form.
        Cannabis = "cannabis",
        /// Cocaine or crack.
        Cocaine = "cocaine",
        /// LSD, psilocybin, ketamine and the like.
        Hallucinogens = "hallucinogens",
        /// Solvents, gases, nitrites.
        Inhalants = "inhalants",
        /// Methamphetamine and other amphetamines.
        Methamphetamine = "methamphetamine",
        /// Tobacco or vapes.
        Nicotine = "nicotine",
        /// Heroin, fentanyl, pain pills.
        Opioids = "opioids",
        /// Benzodiazepines and sleeping pills.
        Sedatives = "sedatives",
        /// Anything else.
        Other = "other",
    }
}
words! {
    /// The kind of high-risk situation. Source: Marlatt's eight categories.
    TriggerCategory {
        /// Anger, sadness, fear, boredom.
        NegativeEmotions = "negative_emotions",
        /// Pain, withdrawal, exhaustion.
        PhysicalDiscomfort = "physical_discomfort",
        /// Feeling good, wanting to celebrate alone.
        PositiveEmotions = "positive_emotions",
        /// "I can have just one."
        TestingControl = "testing_control",
        /// Urges and temptations, with or without something that recalls use.
        Urges = "urges",
        /// A quarrel or tension with somebody.
        Conflict = "conflict",
        /// Being offered it, or seeing others use.
        SocialPressure = "social_pressure",
        /// Pleasant times with others.
        PleasantTimes = "pleasant_times",
    }
}
words! {
    /// What kind of thing recalled use.
    CueKind {
        /// Somebody.
        People = "people",
        /// Somewhere.
        Place = "place",
        /// Something.
        Thing = "thing",
        /// A time of the day, week or year.
        Time = "time",
        /// A feeling.
        Emotion = "emotion",
        /// A sensation.
        Body = "body",
        /// A thought.
        Thought = "thought",
    }
}
words! {
    /// HALT: four states that weaken anyone.
    Halt {
        /// Hungry.
        Hungry = "hungry",
        /// Angry.
        Angry = "angry",
        /// Lonely.
        Lonely = "lonely",
        /// Tired.
        Tired = "tired",
    }
}
words! {
    /// Who was there.
    Company {
        /// Nobody.
        Alone = "alone",
        /// A partner.
        Partner = "partner",
        /// Family.
        Family = "family",
        /// Friends.
        Friends = "friends",
        /// Colleagues.
        Colleagues = "colleagues",
        /// Others in recovery.
        Peers = "peers",
        /// People who were using.
        PeopleUsing = "people_using",
        /// Strangers.
        Strangers = "strangers",
    }
}
words! {
    /// What kind of place it was.
    Place {
        /// Own home.
        Home = "home",
        /// Somebody else's home.
        OthersHome = "others_home",
        /// Work.
        Work = "work",
        /// School or college.
        School = "school",
        /// A bar, restaurant or party.
        GoingOut = "going_out",
        /// A shop.
        Shop = "shop",
        /// On the way.
        OnTheWay = "on_the_way",
        /// Outdoors.
        Outdoors = "outdoors",
        /// A clinic or treatment program.
        Treatment = "treatment",
        /// Somewhere else.
        Other = "other",
    }
}
words! {
    /// How it ended, as far as known.
    Outcome {
        /// It went by without use.
        Passed = "passed",
        /// It is still there.
        StillGoing = "still_going",
        /// There was use.
        Lapsed = "lapsed",
    }
}

/// Something that recalled use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// Its kind.
    pub kind: CueKind,
    /// What it was.
    pub text: CueText,
}

/// A craving as the phone tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "occurred_at": "2026-03-02T18:40:00Z",
    "time_zone": "America/New_York",
    "intensity": 7,
    "substance": "alcohol",
    "triggers": ["conflict"],
    "halt": ["tired"],
    "company": "alone",
    "place": "home",
    "coping_used": ["urge surfing"],
    "note": "Row with my brother. Rang Sam and it eased."
}))]
pub struct CravingDraft {
    /// When it was felt, by the phone's clock.
    pub occurred_at: Moment,
    /// Where the phone was then. The entry counts on the local day of this zone.
    pub time_zone: TimeZone,
    /// How strong it was when logged.
    pub intensity: Intensity,
    /// What was craved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substance: Option<Substance>,
    /// The kinds of situation.
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    #[schema(value_type = Vec<TriggerCategory>, max_items = 8)]
    pub triggers: Few<TriggerCategory, 8>,
    /// What recalled use.
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    #[schema(value_type = Vec<Cue>, max_items = 12)]
    pub cues: Few<Cue, 12>,
    /// Hungry, angry, lonely or tired.
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    #[schema(value_type = Vec<Halt>, max_items = 4)]
    pub halt: Few<Halt, 4>,
    /// Who was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<Company>,
    /// What kind of place it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What was tried.
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    #[schema(value_type = Vec<CopingUsed>, max_items = 8)]
    pub coping_used: Few<CopingUsed, 8>,
    /// Own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// How it ended, if that is already known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A later rating, while it rises or passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "rated_at": "2026-03-02T18:55:00Z", "intensity": 4 }))]
pub struct RatingDraft {
    /// When, by the phone's clock.
    pub rated_at: Moment,
    /// How strong it was then.
    pub intensity: Intensity,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "passed", "observed_at": "2026-03-02T19:10:00Z" }))]
pub struct OutcomeDraft {
    /// The end.
    pub outcome: Outcome,
    /// When that was so, by the phone's clock. Of two, the later one stands.
    pub observed_at: Moment,
}

/// A correction: the whole entry as it should read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "Wrong time",
    "craving": { "occurred_at": "2026-03-02T17:40:00Z", "time_zone": "America/New_York", "intensity": 7 }
}))]
pub struct CorrectionDraft {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The entry as it should read. Without an outcome, the known one stays.
    pub craving: CravingDraft,
}

/// A rating that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rating {
    /// Its id.
    pub id: RatingId,
    /// When, by the phone's clock.
    pub rated_at: Moment,
    /// How strong it was then.
    pub intensity: Intensity,
}

/// What an entry said from one correction to the next; the first has the craving's own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// Its number, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When the server received it.
    pub received_at: Moment,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The entry as sent.
    pub craving: CravingDraft,
}

/// A craving as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Craving {
    /// Its id.
    pub id: CravingId,
    /// Whose it is.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// The entry, with later corrections and the known outcome in it.
    #[serde(flatten)]
    pub draft: CravingDraft,
    /// The day it counts on.
    pub local_day: Day,
    /// When the server first received it.
    pub received_at: Moment,
    /// Whether the phone's clock was ahead; `received_at` then counts as the time it was felt.
    pub clock_suspect: bool,
    /// The strongest it was, ratings included.
    pub peak: Intensity,
    /// When the outcome was so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome_at: Option<Moment>,
    /// How often it was written: 1 until corrected.
    pub revision: i32,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
    /// Later ratings, in order of time.
    pub ratings: Vec<Rating>,
}

/// What a craving says beyond its draft, for the schema.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Standing {
    /// Its id.
    id: CravingId,
    /// The day it counts on, by its own time zone.
    local_day: Day,
    /// When the server first received it.
    received_at: Moment,
    /// Whether the phone's clock was more than 5 minutes ahead; `received_at` then counts as the time it was felt.
    clock_suspect: bool,
    /// The strongest it was, ratings included.
    peak: Intensity,
    /// When the outcome was so.
    #[schema(nullable = false)]
    outcome_at: Option<Moment>,
    /// How often it was written: 1 until corrected.
    #[schema(minimum = 1)]
    revision: i32,
    /// When it was withdrawn.
    #[schema(nullable = false)]
    withdrawn_at: Option<Moment>,
    /// Later ratings, in order of time.
    #[schema(max_items = 50)]
    ratings: Vec<Rating>,
}

impl PartialSchema for Craving {
    fn schema() -> RefOr<Schema> {
        standing_schema("A craving as it stands", Standing::schema(), CravingDraft::schema())
    }
}
impl ToSchema for Craving {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Standing::schemas(schemas);
        CravingDraft::schemas(schemas);
    }
}

/// Why a change to a craving is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id already stands for other content.
    #[error("this id already stands for other content; send a correction, or a new entry under a new id")]
    Different,
    /// The craving was withdrawn.
    #[error("this craving was withdrawn; make a new entry under a new id")]
    Withdrawn,
    /// There are as many ratings as are kept.
    #[error("this craving already has 50 ratings, the most that are kept")]
    TooManyRatings,
}

impl From<log_entry::Refusal> for Refusal {
    fn from(refusal: log_entry::Refusal) -> Self {
        match refusal {
            log_entry::Refusal::Different => Self::Different,
            log_entry::Refusal::Withdrawn => Self::Withdrawn,
        }
    }
}

impl Craving {
    /// When it was felt: by the phone's clock unless that was ahead.
    pub fn felt_at(&self) -> Moment {
        log_entry::took_place(self.draft.occurred_at, self.received_at, self.clock_suspect)
    }

    /// The hour of the local day, 0 to 23.
    pub fn hour(&self) -> u8 {
        u8::try_from(self.felt_at().in_zone(&self.draft.time_zone).hour()).unwrap_or(0)
    }

    /// What the entry says until its first correction.
    pub fn first_revision(&self) -> Revision {
        let id = RevisionId::from(uuid::Uuid::from(self.id));
        Revision { id, revision: 1, received_at: self.received_at, reason: None, craving: self.draft.clone() }
    }

    /// Sets again the strongest it was.
    fn peaked(mut self) -> Self {
        let rated = self.ratings.iter().map(|rating| rating.intensity);
        self.peak = rated.fold(self.draft.intensity, Intensity::max);
        self
    }
}

impl Revision {
    /// Whether a correction that came again under this id is the one that was kept.
    pub fn same(&self, again: &CorrectionDraft) -> Result<(), Refusal> {
        Ok(log_entry::same(&(&self.reason, &self.craving), &(&again.reason, &again.craving))?)
    }
}

/// A new entry. However late it comes, it counts on the local day it was felt; told from the future, on the
/// day it was received.
pub fn record(participant: ParticipantId, id: CravingId, draft: CravingDraft, now: Moment) -> Craving {
    let Told { at, day, clock_suspect } = Told::new(draft.occurred_at, &draft.time_zone, now);
    Craving {
        id,
        participant,
        local_day: day,
        received_at: now,
        clock_suspect,
        peak: draft.intensity,
        outcome_at: draft.outcome.map(|_| at),
        revision: 1,
        withdrawn_at: None,
        ratings: Vec::new(),
        draft,
    }
}

/// Whether an entry that came again under its id is the one that was first sent; `first` is the draft of
/// revision 1. An outcome told since then makes no difference.
pub fn same(craving: &Craving, first: &CravingDraft, again: &CravingDraft) -> Result<(), Refusal> {
    log_entry::standing(craving.withdrawn_at)?;
    let told_later = craving.outcome_at.is_some_and(|at| craving.felt_at() < at);
    let outcome = again.outcome.is_none() || again.outcome == first.outcome || told_later;
    let repeated = CravingDraft { outcome: first.outcome, ..again.clone() } == *first;
    if outcome && repeated { Ok(()) } else { Err(Refusal::Different) }
}

/// Adds a later rating.
pub fn rate(craving: &Craving, id: RatingId, draft: &RatingDraft) -> Result<Craving, Refusal> {
    log_entry::standing(craving.withdrawn_at)?;
    let rating = Rating { id, rated_at: draft.rated_at, intensity: draft.intensity };
    if let Some(kept) = craving.ratings.iter().find(|kept| kept.id == id) {
        return if *kept == rating { Ok(craving.clone()) } else { Err(Refusal::Different) };
    }
    if MOST_RATINGS <= craving.ratings.len() {
        return Err(Refusal::TooManyRatings);
    }
    let mut rated = craving.clone();
    rated.ratings.push(rating);
    rated.ratings.sort_by_key(|rating| (rating.rated_at, rating.id));
    Ok(rated.peaked())
}

/// Tells how it ended. What was observed later stands, whatever came in last; a clock that is ahead counts
/// as `now`, so that it cannot have the last word for ever.
pub fn conclude(craving: &Craving, draft: &OutcomeDraft, now: Moment) -> Result<Craving, Refusal> {
    log_entry::standing(craving.withdrawn_at)?;
    let observed_at = log_entry::believed(draft.observed_at, now);
    let mut concluded = craving.clone();
    if craving.outcome_at.is_none_or(|at| at <= observed_at) {
        concluded.draft.outcome = Some(draft.outcome);
        concluded.outcome_at = Some(observed_at);
    }
    Ok(concluded)
}

/// Corrects an entry: the craving as it now stands, and the revisions to keep (at the first correction also
/// the one before it). Ratings stay, and so does the known outcome unless another is given.
pub fn correct(
    craving: &Craving,
    id: RevisionId,
    correction: &CorrectionDraft,
    now: Moment,
) -> Result<(Craving, Vec<Revision>), Refusal> {
    log_entry::standing(craving.withdrawn_at)?;
    log_entry::named(id, craving.id)?;
    let CorrectionDraft { reason, craving: draft } = correction.clone();
    let revision = craving.revision + 1;
    let kept = Revision { id, revision, received_at: now, reason, craving: draft.clone() };
    let Told { at, day, clock_suspect } =
        Told::corrected(draft.occurred_at, &draft.time_zone, craving.received_at, now);
    let outcome = draft.outcome.or(craving.draft.outcome);
    let corrected = Craving {
        draft: CravingDraft { outcome, ..draft },
        local_day: day,
        clock_suspect,
        outcome_at: outcome.map(|_| craving.outcome_at.unwrap_or(at).max(at)),
        revision,
        ..craving.clone()
    };
    let kept = log_entry::kept(craving.revision, || craving.first_revision(), kept);
    Ok((corrected.peaked(), kept))
}

/// Withdraws an entry; it counts in nothing any more. Done twice, the first time stands.
#[must_use]
pub fn withdraw(craving: &Craving, now: Moment) -> Craving {
    Craving { withdrawn_at: log_entry::withdrawn(craving.withdrawn_at, now), ..craving.clone() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;
    use rstest::rstest;
    use uuid::Uuid;

    pub(crate) fn moment(text: &str) -> Moment {
        Moment::try_from(text.parse::<Timestamp>().unwrap()).unwrap()
    }
    pub(crate) fn intensity(number: i64) -> Intensity {
        Intensity::try_from(number).unwrap()
    }
    fn rating_id(number: u128) -> RatingId {
        Uuid::from_u128(number).into()
    }
    pub(crate) fn draft(occurred_at: &str, zone: &str, strength: i64) -> CravingDraft {
        CravingDraft {
            occurred_at: moment(occurred_at),
            time_zone: TimeZone::try_from(zone.to_owned()).unwrap(),
            intensity: intensity(strength),
            substance: None,
            triggers: Few::default(),
            cues: Few::default(),
            halt: Few::default(),
            company: None,
            place: None,
            coping_used: Few::default(),
            note: None,
            outcome: None,
        }
    }
    pub(crate) fn recorded(draft: CravingDraft, now: &str) -> Craving {
        record(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), draft, moment(now))
    }
    fn evening() -> Craving {
        recorded(draft("2026-03-02T18:40:00Z", "America/New_York", 7), "2026-03-02T18:41:00Z")
    }
    fn rating(at: &str, strength: i64) -> RatingDraft {
        RatingDraft { rated_at: moment(at), intensity: intensity(strength) }
    }
    fn ended(outcome: Outcome, at: &str) -> OutcomeDraft {
        OutcomeDraft { outcome, observed_at: moment(at) }
    }

    #[rstest]
    #[case::by_the_phones_zone_not_the_servers("2026-07-01T00:30:00Z", "America/New_York", "2026-06-30", 20)]
    #[case::first_evening("2026-07-02T00:00:00Z", "America/New_York", "2026-07-01", 20)]
    #[case::next_morning("2026-07-02T13:00:00Z", "America/New_York", "2026-07-02", 9)]
    #[case::third_evening("2026-07-04T00:00:00Z", "America/New_York", "2026-07-03", 20)]
    #[case::ten_days_late("2026-06-24T12:00:00Z", "UTC", "2026-06-24", 12)]
    #[case::long_ago("1970-01-01T00:00:00Z", "Asia/Tokyo", "1970-01-01", 9)]
    #[case::hour_that_comes_twice_first("2026-11-01T05:30:00Z", "America/New_York", "2026-11-01", 1)]
    fn it_counts_on_the_day_and_hour_it_was_felt(
        #[case] at: &str,
        #[case] zone: &str,
        #[case] day: &str,
        #[case] hour: u8,
    ) {
        let craving = recorded(draft(at, zone, 5), "2026-12-04T12:00:00Z");
        assert_eq!((craving.local_day.to_string().as_str(), craving.hour()), (day, hour));
        assert!(!craving.clock_suspect);
    }

    #[test]
    fn a_clock_that_is_ahead_is_kept_and_flagged_and_counts_on_the_day_received() {
        let now = "2026-03-02T18:40:00Z";
        assert!(!recorded(draft("2026-03-02T18:45:00Z", "UTC", 5), now).clock_suspect);
        let craving = recorded(
            CravingDraft { outcome: Some(Outcome::StillGoing), ..draft("2031-01-01T03:00:00Z", "UTC", 5) },
            now,
        );
        assert!(craving.clock_suspect);
        assert_eq!(craving.draft.occurred_at, moment("2031-01-01T03:00:00Z"));
        assert_eq!((craving.local_day.to_string().as_str(), craving.hour()), ("2026-03-02", 18));
        let later = conclude(
            &craving,
            &ended(Outcome::Passed, "2026-03-02T19:00:00Z"),
            moment("2026-03-02T19:00:00Z"),
        );
        assert_eq!(later.unwrap().draft.outcome, Some(Outcome::Passed));
    }

    #[test]
    fn the_same_entry_again_is_the_same_and_another_under_its_id_is_refused() {
        let craving = evening();
        let sent = craving.draft.clone();
        assert_eq!(same(&craving, &sent, &sent), Ok(()));
        let stronger = CravingDraft { intensity: intensity(8), ..sent.clone() };
        assert_eq!(same(&craving, &sent, &stronger), Err(Refusal::Different));
        let lapsed = CravingDraft { outcome: Some(Outcome::Lapsed), ..sent.clone() };
        assert_eq!(same(&craving, &sent, &lapsed), Err(Refusal::Different));
        let gone = withdraw(&craving, moment("2026-03-03T00:00:00Z"));
        assert_eq!(same(&gone, &sent, &sent), Err(Refusal::Withdrawn));
    }

    #[test]
    fn an_entry_sent_again_after_its_outcome_or_its_correction_is_still_the_same() {
        let now = moment("2026-03-02T20:00:00Z");
        for first in [None, Some(Outcome::StillGoing)] {
            let sent = CravingDraft { outcome: first, ..evening().draft };
            let craving = recorded(sent.clone(), "2026-03-02T18:41:00Z");
            let passed = conclude(&craving, &ended(Outcome::Passed, "2026-03-02T19:00:00Z"), now).unwrap();
            assert_eq!(same(&passed, &passed.draft, &sent), Ok(()));
            let correction = CorrectionDraft {
                reason: None,
                craving: CravingDraft { intensity: intensity(9), ..sent.clone() },
            };
            let (corrected, kept) = correct(&passed, Uuid::from_u128(9).into(), &correction, now).unwrap();
            assert_eq!(same(&corrected, &kept[0].craving, &sent), Ok(()));
            assert_eq!(same(&corrected, &kept[0].craving, &correction.craving), Err(Refusal::Different));
        }
    }

    #[test]
    fn ratings_keep_their_order_and_the_peak() {
        let craving = evening();
        let late = rate(&craving, rating_id(2), &rating("2026-03-02T19:10:00Z", 2)).unwrap();
        let both = rate(&late, rating_id(1), &rating("2026-03-02T18:55:00Z", 9)).unwrap();
        assert_eq!(both.ratings.iter().map(|one| one.id).collect::<Vec<_>>(), [rating_id(1), rating_id(2)]);
        assert_eq!((both.peak, both.draft.intensity), (intensity(9), intensity(7)));
        assert_eq!(rate(&both, rating_id(2), &rating("2026-03-02T19:10:00Z", 2)), Ok(both.clone()));
        assert_eq!(rate(&both, rating_id(2), &rating("2026-03-02T19:10:00Z", 3)), Err(Refusal::Different));
    }

    #[test]
    fn the_fifty_first_rating_is_refused_but_a_repeat_is_not() {
        let mut craving = evening();
        let one = rating("2026-03-02T19:10:00Z", 2);
        for number in 0..50 {
            craving = rate(&craving, rating_id(number), &one).unwrap();
        }
        assert_eq!(rate(&craving, rating_id(50), &one), Err(Refusal::TooManyRatings));
        assert_eq!(rate(&craving, rating_id(0), &one), Ok(craving));
    }

    #[test]
    fn a_correction_keeps_the_old_revision_the_ratings_and_the_outcome() {
        let now = moment("2026-03-04T08:00:00Z");
        let rated = rate(&evening(), rating_id(1), &rating("2026-03-02T18:55:00Z", 8)).unwrap();
        let passed = conclude(&rated, &ended(Outcome::Passed, "2026-03-02T19:10:00Z"), now).unwrap();
        let correction = CorrectionDraft {
            reason: Some(Reason::try_from("Wrong day".to_owned()).unwrap()),
            craving: draft("2026-03-01T18:40:00Z", "America/New_York", 6),
        };
        let id = RevisionId::from(Uuid::from_u128(9));
        let (corrected, kept) = correct(&passed, id, &correction, now).unwrap();
        assert_eq!(corrected.local_day.to_string(), "2026-03-01");
        assert_eq!((corrected.peak, corrected.revision), (intensity(8), 2));
        assert_eq!(
            (corrected.draft.outcome, corrected.outcome_at),
            (Some(Outcome::Passed), passed.outcome_at)
        );
        assert_eq!(corrected.received_at, passed.received_at);
        assert_eq!(kept.iter().map(|one| one.revision).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(kept[0].craving, passed.draft);
        assert_eq!(kept[1].same(&correction), Ok(()));
        assert_eq!(
            kept[1].same(&CorrectionDraft { reason: None, ..correction.clone() }),
            Err(Refusal::Different)
        );
        let (third, kept) = correct(&corrected, Uuid::from_u128(10).into(), &correction, now).unwrap();
        assert_eq!((third.revision, kept.len()), (3, 1));
    }

    #[test]
    fn a_correction_may_move_an_entry_to_after_it_was_first_received() {
        let now = moment("2026-03-03T09:00:00Z");
        let first = recorded(draft("2026-03-02T18:00:00Z", "UTC", 5), "2026-03-02T18:00:00Z");
        let correction = CorrectionDraft { reason: None, craving: draft("2026-03-03T08:00:00Z", "UTC", 5) };
        let (corrected, _) = correct(&first, Uuid::from_u128(9).into(), &correction, now).unwrap();
        assert_eq!(
            (corrected.clock_suspect, corrected.felt_at(), corrected.local_day.to_string().as_str()),
            (false, moment("2026-03-03T08:00:00Z"), "2026-03-03")
        );
        let rated = rate(&corrected, rating_id(1), &rating("2026-03-03T08:10:00Z", 2)).unwrap();
        assert_eq!((rated.felt_at(), rated.local_day), (corrected.felt_at(), corrected.local_day));
    }

    #[test]
    fn a_correction_of_the_time_clears_the_suspicion() {
        let now = moment("2026-03-02T18:41:00Z");
        let craving = recorded(draft("2031-01-01T03:00:00Z", "UTC", 5), "2026-03-02T18:40:00Z");
        let correction = CorrectionDraft { reason: None, craving: draft("2026-03-01T18:00:00Z", "UTC", 5) };
        let (corrected, _) = correct(&craving, Uuid::from_u128(9).into(), &correction, now).unwrap();
        assert!(!corrected.clock_suspect);
        assert_eq!(corrected.local_day.to_string(), "2026-03-01");
    }

    #[test]
    fn a_withdrawn_craving_changes_no_more() {
        let now = moment("2026-03-03T00:00:00Z");
        let gone = withdraw(&evening(), now);
        assert_eq!(withdraw(&gone, moment("2026-03-04T00:00:00Z")), gone);
        assert_eq!(rate(&gone, rating_id(1), &rating("2026-03-02T18:55:00Z", 8)), Err(Refusal::Withdrawn));
        assert_eq!(
            conclude(&gone, &ended(Outcome::Passed, "2026-03-02T19:00:00Z"), now),
            Err(Refusal::Withdrawn)
        );
        let correction = CorrectionDraft { reason: None, craving: evening().draft };
        assert_eq!(correct(&gone, Uuid::from_u128(9).into(), &correction, now), Err(Refusal::Withdrawn));
    }

    #[test]
    fn a_bare_draft_is_three_fields_and_a_full_one_reads_back_as_written() {
        let bare = draft("2026-03-02T18:40:00Z", "America/New_York", 7);
        let json = serde_json::json!(
            { "occurred_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York", "intensity": 7 });
        assert_eq!(serde_json::to_value(&bare).unwrap(), json);
        let full = serde_json::json!({
            "occurred_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York", "intensity": 7,
            "substance": "alcohol", "triggers": ["conflict", "pleasant_times"],
            "cues": [{ "kind": "time", "text": "payday" }], "halt": ["tired"], "company": "people_using",
            "place": "others_home", "coping_used": ["urge surfing"], "note": "two\nlines", "outcome": "still_going"
        });
        let read: CravingDraft = serde_json::from_value(full.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), full);
    }

    #[rstest]
    #[case::eleven(r#""intensity":11"#)]
    #[case::fraction(r#""intensity":7.5"#)]
    #[case::text(r#""intensity":"7""#)]
    #[case::unknown_field(r#""intensity":7,"mood":1"#)]
    #[case::unknown_word(r#""intensity":7,"halt":["sad"]"#)]
    #[case::twice(r#""intensity":7,"intensity":7"#)]
    #[case::empty_note(r#""intensity":7,"note":"""#)]
    #[case::nul_in_a_cue(r#""intensity":7,"cues":[{"kind":"time","text":"a\u0000"}]"#)]
    #[case::too_many_halt(r#""intensity":7,"halt":["tired","tired","tired","tired","tired"]"#)]
    fn a_bad_draft_is_refused(#[case] rest: &str) {
        let json = format!(r#"{{"occurred_at":"2026-03-02T18:40:00Z","time_zone":"UTC",{rest}}}"#);
        assert!(serde_json::from_str::<CravingDraft>(&json).is_err());
    }

    #[test]
    fn a_note_of_2000_characters_fits_and_one_more_does_not() {
        assert!(Note::try_from("é".repeat(2000)).is_ok());
        assert!(Note::try_from("é".repeat(2001)).is_err());
    }

    #[test]
    fn the_schema_of_a_craving_names_exactly_what_its_json_holds() {
        let now = moment("2026-03-03T00:00:00Z");
        let full = CravingDraft {
            substance: Some(Substance::Alcohol),
            triggers: vec![TriggerCategory::Urges].try_into().unwrap(),
            cues: vec![Cue { kind: CueKind::Time, text: CueText::try_from("payday".to_owned()).unwrap() }]
                .try_into()
                .unwrap(),
            halt: vec![Halt::Tired].try_into().unwrap(),
            company: Some(Company::Alone),
            place: Some(Place::Home),
            coping_used: vec![CopingUsed::try_from("a walk".to_owned()).unwrap()].try_into().unwrap(),
            note: Some(Note::try_from("hard".to_owned()).unwrap()),
            outcome: Some(Outcome::Passed),
            ..evening().draft
        };
        let schema = serde_json::to_value(Craving::schema()).unwrap();
        assert!(schema.get("additionalProperties").is_none());
        let properties = schema["properties"].as_object().unwrap();
        let whole = serde_json::to_value(withdraw(&recorded(full, "2026-03-02T18:41:00Z"), now)).unwrap();
        for key in whole.as_object().unwrap().keys() {
            assert!(properties.contains_key(key), "{key}");
        }
        assert_eq!(properties.len(), whole.as_object().unwrap().len());
        let least = serde_json::to_value(evening()).unwrap();
        let required = schema["required"].as_array().unwrap();
        assert_eq!(required.len(), least.as_object().unwrap().len());
        assert!(required.iter().all(|key| least.get(key.as_str().unwrap()).is_some()));
    }

    #[test]
    fn every_word_reads_back_as_written() {
        for word in TriggerCategory::ALL {
            assert_eq!(TriggerCategory::try_from(String::from(*word)), Ok(*word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
        }
        assert!(Outcome::try_from("Passed".to_owned()).is_err());
    }

    proptest! {
        #[test]
        fn of_two_outcomes_the_later_stands_in_either_order(first in 0i64..600, second in 0i64..600) {
            prop_assume!(first != second);
            let now = moment("2026-03-03T18:00:00Z");
            let at = |minutes: i64, outcome| OutcomeDraft {
                outcome,
                observed_at: Timestamp::from(moment("2026-03-02T18:40:00Z"))
                    .checked_add(SignedDuration::from_mins(minutes)).unwrap().try_into().unwrap(),
            };
            let (one, other) = (at(first, Outcome::Passed), at(second, Outcome::Lapsed));
            let forth = conclude(&conclude(&evening(), &one, now).unwrap(), &other, now).unwrap();
            let back = conclude(&conclude(&evening(), &other, now).unwrap(), &one, now).unwrap();
            prop_assert_eq!(&forth, &back);
            let later = if first < second { Outcome::Lapsed } else { Outcome::Passed };
            prop_assert_eq!(forth.draft.outcome, Some(later));
        }

        #[test]
        fn ratings_arrive_in_any_order_and_say_the_same(
            strengths in prop::collection::vec((0i64..=10, 0u8..50), 0..20), turn in 0usize..20
        ) {
            let all: Vec<_> = (1u128..).zip(&strengths)
                .map(|(id, (strength, minute))| {
                    (rating_id(id), rating(&format!("2026-03-02T19:{minute:02}:00Z"), *strength))
                })
                .collect();
            let mut turned = all.clone();
            turned.rotate_left(if all.is_empty() { 0 } else { turn % all.len() });
            let rated = |all: &[(RatingId, RatingDraft)]| all.iter()
                .fold(evening(), |craving, (id, draft)| rate(&craving, *id, draft).unwrap());
            let whole = rated(&all);
            prop_assert_eq!(&whole, &rated(&turned));
            let strongest = strengths.iter().map(|(strength, _)| *strength).max().unwrap_or(0).max(7);
            prop_assert_eq!(i64::from(whole.peak), strongest);
        }
    }
}
