//! Who calls, and whose record a path means.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use evenkeel_domain::access::{self, Act, Actor, Grant, OfficeAct, Permit, Refusal, Relation};
use evenkeel_domain::account::{AccountId, DeviceId, ParticipantId};
use evenkeel_domain::value::{Invalid, text_schema};
use evenkeel_persistence::Tx;
use evenkeel_persistence::account;
use serde::Deserialize;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::exchange::RequestId;
use crate::openapi::check_query;
use crate::problem::{Denied, Problem};

/// Who calls, by their access token. What they may do is read in the transaction.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The session.
    pub device: DeviceId,
    /// The request, for the journal.
    pub request_id: Uuid,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = caller(request).ok_or_else(Problem::unauthenticated);
        std::future::ready(known.and_then(|caller| check_query(request).map(|()| caller)))
    }
}

fn caller(request: &HttpRequest) -> Option<Caller> {
    let mut given = request.headers().get_all(header::AUTHORIZATION);
    let (scheme, token) = given.next()?.to_str().ok()?.split_once(' ')?;
    if given.next().is_some() || !scheme.eq_ignore_ascii_case("Bearer") {
        return None;
    }
    let app = request.app_data::<Data<App>>()?;
    let (account, device) = app.tokens().verify(token, app.now())?;
    Some(Caller { account, device, request_id: RequestId::of(request) })
}

impl Caller {
    /// Role and organisation as of this transaction; 401 once the session is revoked or the account suspended.
    pub fn actor(&self, tx: &mut Tx) -> Result<Actor, Problem> {
        account::caller(tx, self.account, self.device)?.ok_or_else(Problem::unauthenticated)
    }

    /// The proof that the caller may do this act on this record, as of this transaction.
    pub fn granted(&self, tx: &mut Tx, act: Act, whose: &Whose) -> Result<Grant, Problem> {
        let actor = self.actor(tx)?;
        let participant = match whose {
            Whose::Me => actor.participant.ok_or_else(Problem::unknown)?,
            Whose::Id(participant) => *participant,
        };
        let relation = account::relation(tx, &actor, participant)?;
        access::decide(&actor, act, participant, relation).map_err(|refusal| {
            let problem = Problem::from(refusal);
            // A stranger's guess is nobody's business; what somebody of the house tries beyond their part is.
            if relation == Relation::Foreign {
                return problem;
            }
            problem.denying(Denied { actor, participant, act, request_id: self.request_id })
        })
    }

    /// The record that a path means, as far as it is known before the transaction: to bring what is written
    /// to one record into one queue.
    pub fn record(&self, whose: Whose) -> Uuid {
        match whose {
            Whose::Me => self.account.into(),
            Whose::Id(participant) => participant.into(),
        }
    }

    /// The proof that the caller may do this act in their organisation.
    pub fn permitted(&self, tx: &mut Tx, act: OfficeAct) -> Result<Permit, Problem> {
        let actor = self.actor(tx)?;
        Ok(access::permit(&actor, act)?)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::unknown(),
            Refusal::NotAllowed => Self::not_allowed(),
        }
    }
}

/// Whose record a path means: `me`, or the id of a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Whose {
    /// The caller's own.
    Me,
    /// This participant's.
    Id(ParticipantId),
}

/// Neither an id nor `me`.
#[derive(Debug, thiserror::Error)]
#[error("{0}, or `me` for yourself")]
pub struct NoOne(Invalid);

impl TryFrom<String> for Whose {
    type Error = NoOne;
    fn try_from(text: String) -> Result<Self, NoOne> {
        if text == "me" { Ok(Self::Me) } else { text.parse().map(Self::Id).map_err(NoOne) }
    }
}

impl PartialSchema for Whose {
    fn schema() -> RefOr<Schema> {
        text_schema(
            "The id of a participant, or `me` for a participant's own record",
            Some(2),
            Some(36),
            None,
            "me",
        )
    }
}
impl ToSchema for Whose {}
