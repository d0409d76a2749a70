//! The invented organisation: 60 people who do not exist and 12 weeks of their logs, to try the product with.
//!
//! Everything follows from one number, so that the same house can be built again. Logs go through the same
//! actions as those of a phone: they are counted and journaled.

use std::collections::BTreeSet;
use std::ops::Range;

use evenkeel_domain::access::{Act, Actor, Relation, decide};
use evenkeel_domain::account::{Account, AccountId, Email, OrganisationId, ParticipantId, Role};
use evenkeel_domain::craving::{
    Company, CopingUsed, CravingDraft, CravingId, Cue, CueKind, CueText, Halt, Intensity, Note, Outcome,
    OutcomeDraft, Place, RatingDraft, RatingId, Substance, TriggerCategory as Trigger,
};
use evenkeel_domain::reminder::{Preferences, QuietHours, Weekday, next_due};
use evenkeel_domain::value::{Day, Few, Moment, TimeOfDay, TimeZone};
use evenkeel_persistence::{Database, Tx, account, reminder};
use jiff::{SignedDuration, Timestamp, civil};
use uuid::{Builder, Uuid};

use crate::account::add_person;
use crate::app::App;
use crate::craving;
use crate::problem::Problem;

/// The password of every invented person.
pub const PASSWORD: &str = "evenkeel-demo-2026";
/// Days of logs, today included.
const DAYS: i32 = 12 * 7;
/// How many are in treatment.
const PEOPLE: u64 = 60;

/// What a database holds before the demonstration is put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nobody.
    Empty,
    /// Invented people only.
    Demo,
    /// Real people.
    RealPeople,
}

/// Who is in the database.
pub fn found(database: &Database) -> Result<Found, Problem> {
    database.read_now(|tx| {
        Ok(match (account::organisations(tx, false)?, account::organisations(tx, true)?) {
            (0, 0) => Found::Empty,
            (0, _) => Found::Demo,
            _ => Found::RealPeople,
        })
    })
}

/// Whether invented people, whose password is published, are in the database.
pub async fn is_there(app: &App) -> Result<bool, Problem> {
    app.read(|tx| Ok(account::organisations(tx, true)? != 0)).await
}

/// Fills an empty database; one that is filled stays as it is, and one with real people is refused. Returns
/// what to tell whoever started it.
pub async fn seed(app: &App) -> Result<Vec<String>, Problem> {
    let database = app.database().clone();
    let there = tokio::task::spawn_blocking(move || found(&database)).await.map_err(Problem::internal)??;
    match there {
        Found::RealPeople => {
            return Err(Problem::conflict(
                "This database holds real people. Start without --demo, or give the demonstration a database \
                 or data folder of its own.",
            ));
        }
        Found::Demo => {}
        Found::Empty => {
            let password = PASSWORD.to_owned().try_into().map_err(Problem::internal)?;
            let hash = app.passwords().hash(password).await?;
            let (database, now) = (app.database().clone(), app.now());
            let filling = tokio::task::spawn_blocking(move || fill(&database, &hash, now, 2026));
            filling.await.map_err(Problem::internal)??;
        }
    }
    let names =
        ["admin", "supervisor", "counselor", "participant"].map(|name| format!("{name}@demo.example"));
    Ok(vec![format!("Demo sign-ins: {}\n  password  {PASSWORD}", names.join(", "))])
}

/// Puts the invented organisation into an empty database, in one transaction: it is there whole or not at all.
pub fn fill(database: &Database, password_hash: &str, now: Moment, seed: u64) -> Result<(), Problem> {
    let hash = password_hash.to_owned();
    database.write_now(move |tx| {
        let start = later(now, -i64::from(DAYS) * 24 * 60);
        let mut dice = Dice::new(seed, PEOPLE);
        let organisation = OrganisationId::from(dice.id(start));
        account::add_organisation(tx, organisation, &value("Harbor Demo IOP")?, true, start)?;
        let mut counselors = Vec::new();
        for (name, role, display_name) in STAFF {
            let member = Account {
                id: dice.id(start).into(),
                organisation,
                role,
                display_name: value(display_name)?,
                sign_in_name: value::<Email>(&format!("{name}@demo.example"))?.into(),
                email: Some(value(&format!("{name}@demo.example"))?),
                participant: None,
                time_zone: None,
                active: true,
            };
            account::add(tx, &member, Some(&hash), start)?;
            if role == Role::Counselor {
                counselors.push(member.id);
            }
        }
        for (number, counselor) in (0..PEOPLE).zip(counselors.iter().cycle()) {
            admit(tx, organisation, *counselor, &hash, number, Dice::new(seed, number), start, now)?;
        }
        Ok(())
    })
}

/// Adds one participant with all logs.
#[expect(clippy::too_many_arguments, reason = "one step of `fill`, called once")]
fn admit(
    tx: &mut Tx,
    organisation: OrganisationId,
    counselor: AccountId,
    hash: &str,
    number: u64,
    mut dice: Dice,
    start: Moment,
    now: Moment,
) -> Result<(), Problem> {
    let name = match number {
        0 => "participant".to_owned(),
        _ => format!("p{:02}", number + 1),
    };
    let first = NAMES.split(' ').nth(usize::try_from(number).unwrap_or(0)).unwrap_or("Kit");
    let initial =
        dice.pick(&["A", "B", "D", "F", "G", "H", "K", "L", "M", "N", "P", "R", "S", "T", "V", "W"]);
    let zone: TimeZone = value(if number == 0 { ZONES[0] } else { dice.pick(&ZONES) })?;
    let participant = ParticipantId::from(dice.id(start));
    let email: Email = value(&format!("{name}@demo.example"))?;
    let person = Account {
        id: dice.id(start).into(),
        organisation,
        role: Role::Participant,
        display_name: value(&format!("{first} {initial}."))?,
        sign_in_name: email.clone().into(),
        email: Some(email),
        participant: Some(participant),
        time_zone: Some(zone.clone()),
        active: true,
    };
    add_person(tx, &person, Some(hash), Some(counselor), start)?;
    if number.is_multiple_of(3) {
        let wish = wish(&mut dice)?;
        let due = next_due(&wish, &zone, now).map(|due| due.due_at);
        reminder::put_wish(tx, participant, &wish, due, start)?;
    }
    let device = dice.id(start).into();
    let actor =
        Actor { account: person.id, organisation, role: person.role, device, participant: Some(participant) };
    let grant = decide(&actor, Act::RecordCraving, participant, Relation::Own).map_err(Problem::internal)?;
    for (at, step) in course(&Person::new(number, &mut dice), &zone, &mut dice, now) {
        let request = dice.id(at);
        match step {
            Step::Record(id, draft) => {
                craving::record(tx, &grant, id, draft, request, at)?;
            }
            Step::Rate(id, rating, draft) => {
                craving::rate(tx, &grant, id, rating, &draft, request, at)?;
            }
            Step::Conclude(id, draft) => {
                craving::conclude(tx, &grant, id, &draft, request, at)?;
            }
        }
    }
    Ok(())
}

fn wish(dice: &mut Dice) -> Result<Preferences, Problem> {
    use Weekday::{Monday, Saturday, Sunday, Thursday, Tuesday};
    let time = |minutes: i16| TimeOfDay::try_from(minutes).map_err(Problem::internal);
    let some: &[Weekday] = dice.pick(&[Weekday::ALL, &[Monday, Tuesday, Thursday], &[Saturday, Sunday]]);
    let quiet = QuietHours { from: time(22 * 60)?, until: time(7 * 60)? };
    Ok(Preferences {
        enabled: true,
        at: time(dice.pick(&[18 * 60, 19 * 60, 19 * 60 + 30, 20 * 60]))?,
        weekdays: some.to_vec().try_into().map_err(Problem::internal)?,
        quiet_hours: dice.chance(50).then_some(quiet),
        ..Preferences::default()
    })
}

fn value<T: TryFrom<String, Error: std::fmt::Display>>(text: &str) -> Result<T, Problem> {
    T::try_from(text.to_owned()).map_err(Problem::internal)
}

fn later(at: Moment, minutes: i64) -> Moment {
    at.plus(SignedDuration::from_mins(minutes))
}

fn few<T: Ord + Clone, const MOST: usize>(members: Vec<T>) -> Few<T, MOST> {
    members.try_into().unwrap_or_default()
}

/// Chance that comes out the same each time: SplitMix64.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, stream: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ stream.wrapping_mul(0xd134_2543_de82_ef95))
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    /// A number from one to another, both included.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() >> 1).cast_signed() % (high - low + 1)
    }
    fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let last = i64::try_from(from.len()).unwrap_or(1) - 1;
        from[usize::try_from(self.between(0, last)).unwrap_or(0)]
    }
    fn maybe<T: Copy>(&mut self, percent: i64, from: &[T]) -> Option<T> {
        self.chance(percent).then(|| self.pick(from))
    }
    fn id(&mut self, at: Moment) -> Uuid {
        let millis = u64::try_from(Timestamp::from(at).as_millisecond()).unwrap_or(0);
        let mut random = [0; 10];
        let bytes = u128::from(self.next()) << 64 | u128::from(self.next());
        random.copy_from_slice(&bytes.to_le_bytes()[..10]);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// How somebody craves and logs. Strengths are in tenths, days counted from the first.
struct Person {
    /// Strength of an ordinary craving in the first week.
    level: i64,
    /// How much less it is each week.
    decline: i64,
    /// Days of a setback.
    setback: Range<i32>,
    /// How much stronger it is then.
    worse: i64,
    /// Percent of ordinary days with a log.
    logging: i64,
    /// Days without a log.
    away: Range<i32>,
    /// The day from which nothing comes any more.
    quiet_from: i32,
    /// Paid on Fridays of every second week, and of which; else on the 1st and 15th.
    fortnight: Option<i32>,
    substance: Substance,
    /// The kind of situation that is hardest.
    hardest: Trigger,
}

impl Person {
    fn new(number: u64, dice: &mut Dice) -> Self {
        let mut day = |low: i64, high: i64| i32::try_from(dice.between(low, high)).unwrap_or(0);
        let (setback, away) = (day(20, 70), day(10, 75));
        let (setback, away) = (setback..setback + day(5, 9), away..away + day(0, 4));
        let quiet_from = if number % 9 == 4 { DAYS - day(4, 25) } else { DAYS };
        let phase = day(0, 1);
        let ordinary = Self {
            level: dice.between(42, 72),
            decline: dice.pick(&[-1, 0, 1, 2, 2, 3, 3, 4]),
            setback,
            worse: dice.between(10, 25),
            logging: dice.between(62, 98),
            away,
            quiet_from,
            fortnight: dice.chance(60).then_some(phase),
            substance: dice.pick(&SUBSTANCES),
            hardest: dice.pick(Trigger::ALL),
        };
        match number {
            // The one that visitors look at first: a good course with a setback in it.
            0 => Self { level: 66, decline: 3, setback: 52..59, worse: 22, logging: 95, ..ordinary },
            _ => ordinary,
        }
    }

    fn paid_on(&self, day: Day) -> bool {
        let date = civil::Date::from(day);
        match self.fortnight {
            Some(phase) => date.weekday() == civil::Weekday::Friday && day.number() / 7 % 2 == phase,
            None => matches!(date.day(), 1 | 15),
        }
    }
}

/// What a phone sends.
enum Step {
    Record(CravingId, CravingDraft),
    Rate(CravingId, RatingId, RatingDraft),
    Conclude(CravingId, OutcomeDraft),
}

/// Everything that one phone sends until now, with when the server has it, in that order.
fn course(person: &Person, zone: &TimeZone, dice: &mut Dice, now: Moment) -> Vec<(Moment, Step)> {
    use civil::Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday};
    let mut steps = Vec::new();
    let first = now.local_day(zone).plus(1 - DAYS);
    for number in (0..DAYS.min(person.quiet_from)).filter(|number| !person.away.contains(number)) {
        let day = first.plus(number);
        let date = civil::Date::from(day);
        // Group meets on three days, and those who come log.
        let in_group = matches!(date.weekday(), Monday | Tuesday | Thursday);
        let on_weekend = matches!(date.weekday(), Saturday | Sunday);
        let habit = if in_group { 10 } else { -4 };
        if !dice.chance(person.logging + habit - i64::from(number / 14)) {
            continue;
        }
        let paid = person.paid_on(day);
        let count = dice.pick(&[1, 2, 2, 2, 3, 3, 4]) + i64::from(paid);
        let hours: &[i8] = if on_weekend { &WEEKEND } else { &WEEKDAY };
        let hours: BTreeSet<i8> = (0..count).map(|_| dice.pick(hours)).collect();
        for hour in hours {
            let minute = i8::try_from(dice.between(0, 59)).unwrap_or(0);
            let second = i8::try_from(dice.between(0, 59)).unwrap_or(0);
            let felt = date.at(hour, minute, second, 0).to_zoned(zone.rules());
            let Some(felt) = felt.ok().and_then(|felt| felt.timestamp().try_into().ok()) else { continue };
            let evening = 17 <= hour;
            let free = on_weekend || date.weekday() == Friday && evening;
            let tenths = person.level - person.decline * i64::from(number / 7)
                + if free { 9 } else { 0 }
                + if paid { 12 } else { 0 }
                + if evening { 5 } else { 0 }
                + if person.setback.contains(&number) { person.worse } else { 0 }
                + (0..3).map(|_| dice.between(-8, 8)).sum::<i64>();
            let scene = Scene {
                felt,
                hour,
                free,
                paid,
                in_group,
                strength: (tenths + 5).div_euclid(10).clamp(0, 10),
            };
            let shaky = person.setback.contains(&number);
            steps.extend(told(person, zone, dice, &scene, shaky, now));
        }
    }
    steps.retain(|(at, _)| *at <= now);
    steps.sort_by_key(|(at, _)| *at);
    steps
}

struct Scene {
    felt: Moment,
    hour: i8,
    free: bool,
    paid: bool,
    in_group: bool,
    strength: i64,
}

/// One craving: the entry, its later ratings, and how it ended.
fn told(
    person: &Person,
    zone: &TimeZone,
    dice: &mut Dice,
    scene: &Scene,
    shaky: bool,
    now: Moment,
) -> Vec<(Moment, Step)> {
    let Ok(intensity) = Intensity::try_from(scene.strength) else { return Vec::new() };
    // Some phones are offline for hours.
    let delay = if dice.chance(7) { dice.between(40, 600) } else { dice.between(0, 1) };
    let sent = later(scene.felt, delay).min(now).max(scene.felt);
    let id = CravingId::from(dice.id(scene.felt));
    let lapse = match scene.strength {
        8.. => 22,
        5..8 => 5,
        _ => 1,
    } * if shaky { 3 } else { 1 };
    let outcome = match dice.between(1, 1000) {
        roll if roll <= lapse => Some(Outcome::Lapsed),
        ..800 => Some(Outcome::Passed),
        800..860 => Some(Outcome::StillGoing),
        _ => None,
    };
    let mut steps = Vec::new();
    let (mut at, mut strength) = (scene.felt, scene.strength);
    if outcome == Some(Outcome::Passed) && 3 <= strength && dice.chance(45) {
        let mut change = if dice.chance(12) { 1 } else { dice.between(-3, -1) };
        for _ in 0..dice.between(1, 3) {
            at = later(at, dice.between(8, 12));
            strength = (strength + change).clamp(0, 10);
            change = dice.between(-3, -1);
            let Ok(intensity) = Intensity::try_from(strength) else { continue };
            let rating = RatingDraft { rated_at: at, intensity };
            steps.push((at.max(sent), Step::Rate(id, dice.id(at).into(), rating)));
        }
    }
    let at_once = steps.is_empty() && dice.chance(40);
    if let Some(outcome) = outcome.filter(|_| !at_once) {
        at = later(at, dice.between(4, 40));
        steps.push((at.max(sent), Step::Conclude(id, OutcomeDraft { outcome, observed_at: at })));
    }
    let draft = draft(person, zone, dice, scene, intensity, outcome.filter(|_| at_once));
    steps.insert(0, (sent, Step::Record(id, draft)));
    steps
}

fn draft(
    person: &Person,
    zone: &TimeZone,
    dice: &mut Dice,
    scene: &Scene,
    intensity: Intensity,
    outcome: Option<Outcome>,
) -> CravingDraft {
    use Trigger::{
        Conflict, NegativeEmotions, PhysicalDiscomfort, PleasantTimes, PositiveEmotions, SocialPressure,
        TestingControl, Urges,
    };
    let kinds: &[Trigger] = match scene.hour {
        _ if scene.paid => &[Urges, Urges, PositiveEmotions, TestingControl, SocialPressure],
        ..11 => &[PhysicalDiscomfort, PhysicalDiscomfort, NegativeEmotions, Urges],
        17.. if scene.free => {
            &[SocialPressure, SocialPressure, PleasantTimes, Urges, TestingControl, NegativeEmotions]
        }
        _ => &[
            NegativeEmotions,
            NegativeEmotions,
            NegativeEmotions,
            Conflict,
            Conflict,
            Urges,
            PhysicalDiscomfort,
        ],
    };
    let trigger = dice.maybe(30, &[person.hardest]).unwrap_or_else(|| dice.pick(kinds));
    let (kind, cues, notes) = situation(trigger);
    let place = match scene.hour {
        9..12 if scene.in_group => dice.pick(&[Place::Treatment, Place::Treatment, Place::OnTheWay]),
        ..17 if !scene.free => {
            dice.pick(&[Place::Work, Place::Work, Place::OnTheWay, Place::Shop, Place::Home])
        }
        17.. if scene.free => {
            dice.pick(&[Place::Home, Place::Home, Place::GoingOut, Place::OthersHome, Place::Shop])
        }
        _ => dice.pick(&[Place::Home, Place::Home, Place::Home, Place::OnTheWay, Place::Outdoors]),
    };
    let company = match place {
        Place::Home => {
            dice.pick(&[Company::Alone, Company::Alone, Company::Alone, Company::Partner, Company::Family])
        }
        Place::Work => dice.pick(&[Company::Colleagues, Company::Alone]),
        Place::Treatment => Company::Peers,
        Place::GoingOut | Place::OthersHome => {
            dice.pick(&[Company::Friends, Company::Friends, Company::PeopleUsing])
        }
        _ => dice.pick(&[Company::Alone, Company::Alone, Company::Strangers]),
    };
    let mut halt: Vec<Halt> = (trigger == Conflict).then_some(Halt::Angry).into_iter().collect();
    let weak: &[Halt] = if 17 <= scene.hour {
        &[Halt::Tired, Halt::Lonely, Halt::Tired]
    } else {
        &[Halt::Hungry, Halt::Tired]
    };
    halt.extend(dice.maybe(50, weak));
    let also = dice.maybe(15, Trigger::ALL);
    let coping = [dice.maybe(65, &COPING), dice.maybe(25, &COPING)];
    let cue = dice.maybe(35, cues).and_then(|text| CueText::try_from(text.to_owned()).ok());
    let substance = dice.maybe(8, &[Substance::Nicotine]).unwrap_or(person.substance);
    CravingDraft {
        occurred_at: scene.felt,
        time_zone: zone.clone(),
        intensity,
        substance: Some(substance),
        triggers: few([trigger].into_iter().chain(also).collect()),
        cues: few(cue.map(|text| Cue { kind, text }).into_iter().collect()),
        halt: few(halt),
        company: dice.maybe(80, &[company]),
        place: dice.maybe(85, &[place]),
        coping_used: few(coping
            .into_iter()
            .flatten()
            .filter_map(|text| CopingUsed::try_from(text.to_owned()).ok())
            .collect()),
        note: dice.maybe(20, notes).and_then(|text| Note::try_from(text.to_owned()).ok()),
        outcome,
    }
}

/// What recalls use in such a situation, and what people write of it.
fn situation(trigger: Trigger) -> (CueKind, &'static [&'static str], &'static [&'static str]) {
    match trigger {
        Trigger::NegativeEmotions => (
            CueKind::Emotion,
            &["boredom", "feeling low", "worry about rent", "shame"],
            &[
                "Long empty evening, nothing on.",
                "Could not stop thinking about the hearing.",
                "Low all day. Sat with it.",
            ],
        ),
        Trigger::PhysicalDiscomfort => (
            CueKind::Body,
            &["back pain", "no sleep", "headache", "restless legs"],
            &["Slept three hours.", "Back again. Took a hot shower instead.", "Shaky until I ate something."],
        ),
        Trigger::PositiveEmotions => (
            CueKind::Emotion,
            &["good news", "a day off", "getting paid"],
            &[
                "Got the shift I wanted and my first thought was to celebrate.",
                "Good day, which is when I let my guard down.",
            ],
        ),
        Trigger::TestingControl => (
            CueKind::Thought,
            &["just one", "I have earned it", "nobody would know"],
            &["Told myself I could handle one. Played it forward.", "Thought about it in the checkout line."],
        ),
        Trigger::Urges => (
            CueKind::Thing,
            &["a lighter", "an old message", "the smell", "cash in hand"],
            &[
                "Came out of nowhere.",
                "Found an old contact in my phone. Deleted it.",
                "Drove past the old corner.",
            ],
        ),
        Trigger::Conflict => (
            CueKind::People,
            &["my brother", "my ex", "the shift lead"],
            &[
                "Row about money again.",
                "She brought up last year. Walked out to cool down.",
                "Manager on my back all day.",
            ],
        ),
        Trigger::SocialPressure => (
            CueKind::People,
            &["old friends", "a neighbor", "the crew after work"],
            &[
                "They kept offering. Left early.",
                "Everyone had a drink but me.",
                "Said I was driving. It worked.",
            ],
        ),
        Trigger::PleasantTimes => (
            CueKind::Time,
            &["the game", "a birthday", "the barbecue", "Saturday night"],
            &["Nice evening, hard to be the only one without.", "Game night. Held on to my soda."],
        ),
    }
}

const STAFF: [(&str, Role, &str); 4] = [
    ("admin", Role::Admin, "Noor Haddad"),
    ("supervisor", Role::Supervisor, "Grace Whitfield"),
    ("counselor", Role::Counselor, "Daniel Okafor"),
    ("counselor2", Role::Counselor, "Lena Brandt"),
];
const NAMES: &str = "Sam Alex Maya Jordan Luis Tanya Marcus Elena Andre Priya Kevin Rosa Tyler Nadia Chris Joelle \
                     Victor Hannah Omar Brooke Diego Simone Ethan Leila Grant Keisha Paul Mina Derek Carmen \
                     Wesley Aisha Troy Monica Felix Dana Isaac Renee Hector Paige Logan Yara Cody Teresa Malik \
                     June Brian Sofia Curtis Ines Shane Olga Reggie Faith Nolan Vera Dwayne Kim Ricardo Beth";
const ZONES: [&str; 11] = [
    "America/New_York",
    "America/New_York",
    "America/New_York",
    "America/New_York",
    "America/Chicago",
    "America/Chicago",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Los_Angeles",
];
const SUBSTANCES: [Substance; 9] = [
    Substance::Alcohol,
    Substance::Alcohol,
    Substance::Alcohol,
    Substance::Alcohol,
    Substance::Opioids,
    Substance::Opioids,
    Substance::Methamphetamine,
    Substance::Cocaine,
    Substance::Cannabis,
];
/// Hours of cravings on a working day: some in the morning and at noon, most after work.
const WEEKDAY: [i8; 24] =
    [6, 7, 8, 10, 11, 12, 12, 14, 15, 16, 17, 17, 18, 18, 18, 19, 19, 19, 20, 20, 21, 21, 22, 23];
const WEEKEND: [i8; 18] = [9, 11, 12, 14, 15, 17, 18, 19, 19, 20, 20, 21, 21, 21, 22, 22, 23, 23];
const COPING: [&str; 10] = [
    "urge surfing",
    "called my sponsor",
    "walked around the block",
    "cold water",
    "played the tape forward",
    "box breathing",
    "left the place",
    "texted the group",
    "made tea",
    "went to a meeting",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap().try_into().unwrap()
    }
    fn zone() -> TimeZone {
        value(ZONES[0]).unwrap()
    }
    fn all(seed: u64) -> Vec<Vec<(Moment, Step)>> {
        let one = |number| {
            let mut dice = Dice::new(seed, number);
            course(&Person::new(number, &mut dice), &zone(), &mut dice, now())
        };
        (0..PEOPLE).map(one).collect()
    }
    fn drafts(courses: &[Vec<(Moment, Step)>]) -> Vec<(CravingId, &CravingDraft)> {
        let draft = |step: &'_ Step| matches!(step, Step::Record(..));
        let steps = courses.iter().flatten().filter(|(_, step)| draft(step));
        steps
            .filter_map(
                |(_, step)| if let Step::Record(id, draft) = step { Some((*id, draft)) } else { None },
            )
            .collect()
    }
    /// Mean intensity in hundredths.
    fn mean<'a>(drafts: impl Iterator<Item = &'a CravingDraft>) -> i64 {
        let (sum, count) =
            drafts.fold((0, 0), |(sum, count), draft| (sum + i64::from(draft.intensity), count + 1));
        sum * 100 / count
    }

    #[test]
    fn the_same_number_makes_the_same_people() {
        let sent =
            |seed| drafts(&all(seed)).into_iter().map(|(id, draft)| (id, draft.clone())).collect::<Vec<_>>();
        assert!(sent(1) == sent(1));
        assert!(sent(1) != sent(2));
    }

    #[test]
    fn logs_have_the_shape_of_weeks_and_days() {
        let courses = all(2026);
        let drafts = drafts(&courses);
        let ids: BTreeSet<_> = drafts.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids.len(), drafts.len());
        assert!((8_000..14_000).contains(&drafts.len()), "{}", drafts.len());
        let local = |draft: &CravingDraft| draft.occurred_at.in_zone(&draft.time_zone);
        let mean_where = |is: &dyn Fn(&CravingDraft) -> bool| {
            mean(drafts.iter().map(|(_, draft)| *draft).filter(|draft| is(draft)))
        };
        let evening = drafts.iter().filter(|(_, draft)| 17 <= local(draft).hour()).count();
        assert!(drafts.len() < evening * 2, "evenings have the most");
        let weekend = |draft: &CravingDraft| {
            matches!(local(draft).weekday(), civil::Weekday::Saturday | civil::Weekday::Sunday)
        };
        assert!(mean_where(&|draft| !weekend(draft)) + 30 < mean_where(&weekend));
        let age = |draft: &CravingDraft| draft.occurred_at.local_day(&zone()).until(now().local_day(&zone()));
        assert!(mean_where(&|draft| age(draft) < 14) + 80 < mean_where(&|draft| DAYS - 14 <= age(draft)));
        assert!(
            drafts.iter().all(|(_, draft)| (0..DAYS).contains(&age(draft)) && draft.occurred_at <= now())
        );
    }

    #[test]
    fn most_cravings_pass_and_few_end_in_use() {
        let courses = all(2026);
        let told = |wanted: Outcome| {
            let is = |step: &Step| match step {
                Step::Record(_, draft) => draft.outcome == Some(wanted),
                Step::Conclude(_, draft) => draft.outcome == wanted,
                Step::Rate(..) => false,
            };
            courses.iter().flatten().filter(|(_, step)| is(step)).count()
        };
        let all = drafts(&courses).len();
        assert!(all * 70 < told(Outcome::Passed) * 100);
        assert!((all / 300..all / 40).contains(&told(Outcome::Lapsed)), "{} of {all}", told(Outcome::Lapsed));
        assert!(0 < told(Outcome::StillGoing));
    }

    #[test]
    fn nothing_is_sent_before_its_craving_or_after_now_and_some_people_fall_quiet() {
        let courses = all(2026);
        let mut quiet = 0;
        for course in &courses {
            let mut known = BTreeSet::new();
            for (at, step) in course {
                assert!(*at <= now());
                match step {
                    Step::Record(id, draft) => assert!(known.insert(*id) && draft.occurred_at <= *at),
                    Step::Rate(id, _, draft) => assert!(known.contains(id) && draft.rated_at <= *at),
                    Step::Conclude(id, draft) => assert!(known.contains(id) && draft.observed_at <= *at),
                }
            }
            let (last, _) = course.last().unwrap();
            quiet += usize::from(*last < later(now(), -4 * 24 * 60));
        }
        assert!((4..15).contains(&quiet), "{quiet}");
        let ratings = courses.iter().flatten().filter(|(_, step)| matches!(step, Step::Rate(..))).count();
        assert!(drafts(&courses).len() < ratings * 3);
    }
}
