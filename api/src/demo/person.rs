//! How an invented person craves, and what their phone sends of it.

use std::collections::BTreeSet;
use std::ops::Range;

use evenkeel_domain::craving::{
    Company, CopingUsed, CravingDraft, CravingId, Cue, CueText, Halt, Intensity, Note, Outcome, OutcomeDraft,
    Place, RatingDraft, Substance, TriggerCategory as Trigger,
};
use evenkeel_domain::value::{Day, Moment, TimeZone};
use jiff::civil;

use super::dice::Dice;
use super::step::Step;
use super::values::{DAYS, few, instant, later};
use super::words::situation;

/// How somebody craves and logs. Strengths are in tenths, days counted from the first.
pub(super) struct Person {
    /// Strength of an ordinary craving in the first week.
    pub(super) level: i64,
    /// How much less it is each week.
    pub(super) decline: i64,
    /// Days of a setback.
    pub(super) setback: Range<i32>,
    /// How much stronger it is then.
    pub(super) worse: i64,
    /// Percent of ordinary days with a log.
    pub(super) logging: i64,
    /// Days without a log.
    pub(super) away: Range<i32>,
    /// The day from which nothing comes any more.
    pub(super) quiet_from: i32,
    /// Paid on Fridays of every second week, and of which; else on the 1st and 15th.
    pub(super) fortnight: Option<i32>,
    pub(super) substance: Substance,
    /// Whether a logged craving may end in use.
    pub(super) slips: bool,
    /// The kind of situation that is hardest.
    pub(super) hardest: Trigger,
}

impl Person {
    pub(super) fn new(number: u64, dice: &mut Dice) -> Self {
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
            slips: true,
            hardest: dice.pick(Trigger::ALL),
        };
        match number {
            // The one that visitors look at first: a good course with a setback in it.
            0 => Self {
                level: 66,
                decline: 3,
                setback: 52..59,
                worse: 22,
                logging: 95,
                away: 24..26,
                quiet_from: DAYS,
                substance: Substance::Alcohol,
                slips: false,
                ..ordinary
            },
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

/// Everything that one phone sends until now, with when the server has it, in that order.
pub(super) fn course(person: &Person, zone: &TimeZone, dice: &mut Dice, now: Moment) -> Vec<(Moment, Step)> {
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
            let Some(felt) = instant(day, [hour, minute, second], zone) else { continue };
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
        roll if roll <= lapse && person.slips => Some(Outcome::Lapsed),
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
