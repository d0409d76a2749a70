//! A fresh database with a few people in it, for the tests of each room.

use evenkeel_domain::access::{self, Act, Actor, Grant, Relation};
use evenkeel_domain::account::{Account, AccountId, OrganisationId, ParticipantId, Role};
use evenkeel_domain::value::{Day, Moment};
use uuid::Uuid;

use crate::{Database, Location, Tx, account};

/// An organisation with a participant, a counselor and a supervisor. Dropped, its file goes too.
pub struct House {
    pub tx: Tx,
    _folder: tempfile::TempDir,
}

pub fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}
pub fn value<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}
pub fn at(text: &str) -> Moment {
    value(text.into())
}
pub fn day(text: &str) -> Day {
    value(text.into())
}
pub const ORGANISATION: u128 = 1;
pub const PARTICIPANT: u128 = 2;

pub fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("test.db"));
    Database::open(location.clone(), 1, 1).migrate().unwrap();
    let mut tx = location.connect(true).unwrap();
    let now = at("2026-03-02T18:00:00Z");
    let name = value("A house".into());
    account::add_organisation(&mut tx, id(ORGANISATION), &name, false, now).unwrap();
    for role in [Role::Participant, Role::Counselor, Role::Supervisor] {
        let actor = actor(role);
        let person = Account {
            id: actor.account,
            organisation: actor.organisation,
            role,
            display_name: value("Sam".into()),
            sign_in_name: value(role.as_str().into()),
            email: None,
            participant: actor.participant,
            time_zone: actor.participant.map(|_| value("America/New_York".into())),
            active: true,
        };
        account::add(&mut tx, &person, None, now).unwrap();
    }
    House { tx, _folder: folder }
}

/// Somebody of the house in this role.
pub fn actor(role: Role) -> Actor {
    Actor {
        account: id::<AccountId>(10 + role as u128),
        organisation: id::<OrganisationId>(ORGANISATION),
        role,
        device: id(99),
        participant: (role == Role::Participant).then(|| id::<ParticipantId>(PARTICIPANT)),
    }
}

/// The participant's own grant, or a counselor's for what a participant may not do.
pub fn grant(act: Act) -> Grant {
    let own = access::decide(&actor(Role::Participant), act, id(PARTICIPANT), Relation::Own);
    own.or_else(|_| access::decide(&actor(Role::Counselor), act, id(PARTICIPANT), Relation::Caseload))
        .unwrap()
}
