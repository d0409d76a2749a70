//! The invented organization: 60 people who do not exist and 12 weeks of their logs, to try the product with.
//!
//! Everything follows from one number, so that the same people can be made again. Logs go through the same
//! actions as those of a phone: they are counted and recorded in the audit log.

mod dice;
mod person;
mod plan;
mod pocket;
mod step;
mod values;
mod words;

use evenkeel_domain::access::{Action, Actor, Request, permit};
use evenkeel_domain::account::{Account, Email, OrganizationId, ParticipantId, Role};
use evenkeel_domain::coping::SkillId;
use evenkeel_domain::reminder::{Preferences, QuietHours, Weekday, next_due};
use evenkeel_domain::value::{Moment, TimeOfDay, TimeZone};
use evenkeel_persistence::{Database, Tx, account, reminder};

use crate::account::add_person;
use crate::app::App;
use crate::app::problem::Problem;
use crate::coping::organization;
use dice::Dice;
use person::{Person, course};
use pocket::{Pocket, felt};
use step::{Pair, Step};
use values::{DAYS, later, value};

/// The password of every invented person.
pub const PASSWORD: &str = "evenkeel-demo-2026";
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
        Ok(match (account::organizations(tx, false)?, account::organizations(tx, true)?) {
            (0, 0) => Found::Empty,
            (0, _) => Found::Demo,
            _ => Found::RealPeople,
        })
    })
}

/// Whether invented people, whose password is published, are in the database.
pub async fn is_there(app: &App) -> Result<bool, Problem> {
    app.read(|tx| Ok(account::organizations(tx, true)? != 0)).await
}

/// Fills an empty database; one that is filled stays as it is, and one with real people is refused. Returns
/// what to tell whoever started it.
pub async fn seed(app: &App) -> Result<Vec<String>, Problem> {
    let database = app.database().clone();
    let there = tokio::task::spawn_blocking(move || found(&database)).await.map_err(Problem::internal)??;
    match there {
        Found::RealPeople => {
            return Err(Problem::conflict(
                "This database holds real people. SobrietyDate without --demo, or give the demonstration a database \
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

/// Puts the invented organization into an empty database, in one transaction: it is there whole or not at all.
pub fn fill(database: &Database, password_hash: &str, now: Moment, seed: u64) -> Result<(), Problem> {
    let hash = password_hash.to_owned();
    database.write_now(move |tx| {
        let start = later(now, -i64::from(DAYS) * 24 * 60);
        let mut dice = Dice::new(seed, PEOPLE);
        let organization = OrganizationId::from(dice.id(start));
        account::add_organization(tx, organization, &value("Harbor Demo IOP")?, true, start)?;
        let (mut counselors, mut skills) = (Vec::new(), Vec::new());
        for (name, role, display_name) in STAFF {
            let member = Account {
                id: dice.id(start).into(),
                organization,
                role,
                display_name: value(display_name)?,
                sign_in_name: value::<Email>(&format!("{name}@demo.example"))?.into(),
                email: Some(value(&format!("{name}@demo.example"))?),
                participant: None,
                time_zone: None,
                active: true,
            };
            account::add(tx, &member, Some(&hash), start)?;
            let device = dice.id(start).into();
            let actor = Actor { account: member.id, organization, role, device, participant: None };
            match role {
                Role::Counselor => counselors.push(actor),
                Role::Supervisor => skills = add_skills(tx, &actor, &mut dice, start)?,
                Role::Admin | Role::Participant | Role::Supporter => {}
            }
        }
        for (number, counselor) in (0..PEOPLE).zip(counselors.iter().cycle()) {
            admit(tx, *counselor, &hash, number, &skills, seed, start, now)?;
        }
        Ok(())
    })
}

/// The skills of the organization's own.
fn add_skills(tx: &mut Tx, by: &Actor, dice: &mut Dice, now: Moment) -> Result<Vec<SkillId>, Problem> {
    let permit =
        permit(by, Action::AddSkill, Request { id: dice.id(now), now }).map_err(Problem::internal)?;
    let mut ids = Vec::new();
    for skill in plan::own_skills()? {
        let id = dice.id(now).into();
        organization::add(tx, &permit, id, skill)?;
        ids.push(id);
    }
    Ok(ids)
}

/// Adds one participant with all that their phone, and their counselor, sent.
#[expect(clippy::too_many_arguments, reason = "one step of `fill`, called once")]
fn admit(
    tx: &mut Tx,
    counselor: Actor,
    hash: &str,
    number: u64,
    skills: &[SkillId],
    seed: u64,
    start: Moment,
    now: Moment,
) -> Result<(), Problem> {
    let (organization, mut dice) = (counselor.organization, Dice::new(seed, number));
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
        organization,
        role: Role::Participant,
        display_name: value(&format!("{first} {initial}."))?,
        sign_in_name: email.clone().into(),
        email: Some(email),
        participant: Some(participant),
        time_zone: Some(zone.clone()),
        active: true,
    };
    add_person(tx, &person, Some(hash), Some(counselor.account), start)?;
    if number.is_multiple_of(3) {
        let wish = wish(&mut dice)?;
        let due = next_due(&wish, &zone, now).map(|due| due.due_at);
        reminder::put_wish(tx, participant, &wish, due, start)?;
    }
    let device = dice.id(start).into();
    let own =
        Actor { account: person.id, organization, role: person.role, device, participant: Some(participant) };
    let pair = Pair { participant, own, counselor };
    let person = Person::new(number, &mut dice);
    let mut steps = course(&person, &zone, &mut dice, now);
    steps.extend(rest(&person, number, &zone, skills, &steps, &mut dice, now)?);
    steps.retain(|(at, _)| *at <= now);
    steps.sort_by_key(|(at, _)| *at);
    for (at, step) in steps {
        let request = dice.id(at);
        step.take(tx, &pair, request, at)?;
    }
    Ok(())
}

/// What else there is of a person, besides the cravings in `course`.
fn rest(
    person: &Person,
    number: u64,
    zone: &TimeZone,
    own_skills: &[SkillId],
    course: &[(Moment, Step)],
    dice: &mut Dice,
    now: Moment,
) -> Result<Vec<(Moment, Step)>, Problem> {
    let felt = felt(course, zone);
    let pocket = Pocket { person, number, zone, now, felt: &felt, own_skills };
    let skills = pocket.skills(dice)?;
    let mut steps = pocket.check_ins(dice)?;
    steps.extend(pocket.practices(&skills, dice)?);
    steps.extend(pocket.recovery(dice)?);
    steps.extend(pocket.plans(&skills, dice)?);
    steps.extend(pocket.safety_plan(dice)?);
    steps.extend([pocket.choices(&skills, dice), pocket.assignment(dice)?]);
    steps.extend(pocket.step_down(dice));
    let seen = pocket.seen_uses(&[course, &steps], dice);
    steps.extend(seen);
    Ok(steps)
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

#[cfg(test)]
mod tests;
