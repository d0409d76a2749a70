//! A fresh database with a few people in it, for the tests of each module.

use evenkeel_domain::access::{self, Action, Actor, Grant, Permit, Relation, Request};
use evenkeel_domain::account::{Account, AccountId, OrganizationId, ParticipantId, Role};
use evenkeel_domain::value::{Day, Moment};
use uuid::Uuid;

use crate::{Database, Location, Tx, account};

/// An organization with a participant, a counselor and a supervisor. Its file is removed when it is dropped.
pub struct TestDatabase {
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
pub const ORGANIZATION: u128 = 1;
pub const PARTICIPANT: u128 = 2;

pub fn test_database() -> TestDatabase {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("test.db"));
    Database::open(location.clone(), 1, 1).migrate().unwrap();
    let mut tx = location.connect(true).unwrap();
    let now = at("2026-03-02T18:00:00Z");
    let name = value("A clinic".into());
    account::add_organization(&mut tx, id(ORGANIZATION), &name, false, now).unwrap();
    for role in [Role::Participant, Role::Counselor, Role::Supervisor] {
        let actor = actor(role);
        let person = Account {
            id: actor.account,
            organization: actor.organization,
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
    TestDatabase { tx, _folder: folder }
}

/// The person with this role.
pub fn actor(role: Role) -> Actor {
    Actor {
        account: id::<AccountId>(10 + role as u128),
        organization: id::<OrganizationId>(ORGANIZATION),
        role,
        device: id(99),
        participant: (role == Role::Participant).then(|| id::<ParticipantId>(PARTICIPANT)),
    }
}

/// The request of every test.
fn request() -> Request {
    Request { id: id(99), now: at("2026-03-02T18:00:00Z") }
}

/// The participant's own grant, or the counselor's if a participant may not do this.
pub fn grant(action: Action) -> Grant {
    let decide = |role, relation| access::decide(&actor(role), action, id(PARTICIPANT), relation, request());
    decide(Role::Participant, Relation::Own).or_else(|_| decide(Role::Counselor, Relation::Caseload)).unwrap()
}

/// The permit of the person with this role in the organization.
pub fn permit(role: Role, action: Action) -> Permit {
    access::permit(&actor(role), action, request()).unwrap()
}
