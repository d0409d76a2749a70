//! The demo: an organization of invented people with 12 weeks of records, to try the product with.
//!
//! `demo/demo.json` describes the people and their weeks. `course` makes the entries from it, the same each time. They
//! go through the same actions as those of a phone, so that they are counted and in the audit log.

mod course;
mod data;
mod dice;

use evenkeel_domain::access::{Action, Actor, Request, permit};
use evenkeel_domain::account::{Account, Email, OrganizationId, ParticipantId, Role};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, account};
use jiff::SignedDuration;

use self::course::{Course, DAYS};
use self::data::Demo;
use self::dice::Dice;
use crate::account::add_person;
use crate::app::App;
use crate::app::problem::Problem;
use crate::coping::organization;

/// The password of everybody in the demo.
pub const PASSWORD: &str = "evenkeel-demo-2026";

/// Whether the database has the demo, whose password is public.
pub async fn exists(app: &App) -> Result<bool, Problem> {
    app.read(|tx| Ok(account::organizations(tx, true)? != 0)).await
}

/// Fills an empty database. One that has the demo does not change, and one with real people is refused. Returns the
/// lines to print at the start.
pub async fn seed(app: &App) -> Result<Vec<String>, Problem> {
    if app.read(|tx| Ok(account::organizations(tx, false)?)).await? != 0 {
        return Err(Problem::conflict(
            "This database holds real people. Start without --demo, or give the demo a database or data folder of \
             its own.",
        ));
    }
    if !exists(app).await? {
        let demo: Demo = serde_json::from_str(include_str!("demo/demo.json")).map_err(Problem::internal)?;
        let hash = app.passwords().hash(PASSWORD.to_owned().try_into().map_err(Problem::internal)?).await?;
        let (database, now) = (app.database().clone(), app.now());
        // In one transaction, so that the demo is complete or missing.
        let fill = move || database.write_now(move |tx| fill(tx, &demo, &hash, now));
        tokio::task::spawn_blocking(fill).await.map_err(Problem::internal)??;
    }
    let names =
        ["admin", "supervisor", "counselor", "participant"].map(|name| format!("{name}@demo.example"));
    Ok(vec![format!("Demo sign-ins: {}\n  password  {PASSWORD}", names.join(", "))])
}

fn fill(tx: &mut Tx, demo: &Demo, password_hash: &str, now: Moment) -> Result<(), Problem> {
    let start = now.plus(SignedDuration::from_hours(i64::from(-DAYS) * 24));
    let organization = OrganizationId::from(Dice::new("organization").id(start));
    account::add_organization(tx, organization, &demo.organization, true, start)?;
    let (mut counselors, mut skills) = (Vec::new(), Vec::new());
    for (number, person) in demo.people.iter().enumerate() {
        let mut dice = Dice::new(&person.sign_in);
        let email: Email =
            format!("{}@demo.example", person.sign_in).try_into().map_err(Problem::internal)?;
        let participant = person.record.as_ref().map(|_| ParticipantId::from(dice.id(start)));
        let account = Account {
            id: dice.id(start).into(),
            organization,
            role: person.role,
            display_name: person.name.clone(),
            sign_in_name: email.clone().into(),
            email: Some(email),
            participant,
            time_zone: person.record.as_ref().map(|record| record.zone.clone()),
            active: true,
        };
        let actor = Actor {
            account: account.id,
            organization,
            role: person.role,
            device: dice.id(start).into(),
            participant,
        };
        let counselor: Option<&Actor> = counselors.iter().cycle().nth(number);
        let counselor = counselor.filter(|_| participant.is_some());
        add_person(tx, &account, Some(password_hash), counselor.map(|counselor| counselor.account), start)?;
        if let (Some(record), Some(counselor)) = (&person.record, counselor) {
            Course::of(demo, record, &skills, &mut dice, now)?.store(tx, &actor, counselor)?;
        }
        match person.role {
            Role::Counselor => counselors.push(actor),
            Role::Supervisor => {
                for skill in &demo.skills {
                    let (id, request) = (dice.id(start).into(), Request { id: dice.id(start), now: start });
                    let permit = permit(&actor, Action::AddSkill, request).map_err(Problem::internal)?;
                    organization::add(tx, &permit, id, skill.clone())?;
                    skills.push(id);
                }
            }
            Role::Admin | Role::Participant | Role::Supporter => {}
        }
    }
    Ok(())
}
