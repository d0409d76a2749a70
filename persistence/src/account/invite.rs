//! Invites, each under the hash of its code.

use diesel::prelude::*;
use evenkeel_domain::access::Permit;
use evenkeel_domain::account::{Invite, InviteId, Role};
use evenkeel_domain::value::Moment;

use crate::column::read;
use crate::column::{At, Id};
use crate::schema::invites;
use crate::{Error, Tx};

type InviteRow =
    (Id, Id, String, String, Option<String>, Option<String>, Option<Id>, At, At, (Option<At>, Option<At>));

fn invite(row: InviteRow) -> Result<Invite, Error> {
    let (id, organization, role, display_name, email, time_zone, created_by, created_at, expires_at, ended) =
        row;
    Ok(Invite {
        id: id.to(),
        organization: organization.to(),
        role: read(role)?,
        display_name: read(display_name)?,
        email: email.map(read).transpose()?,
        time_zone: time_zone.map(read).transpose()?,
        created_by: created_by.map(Id::to),
        created_at: created_at.0,
        expires_at: expires_at.0,
        redeemed_at: ended.0.map(|at| at.0),
        withdrawn_at: ended.1.map(|at| at.0),
    })
}

macro_rules! invite_columns {
    () => {
        (
            invites::id,
            invites::organization_id,
            invites::role,
            invites::display_name,
            invites::email,
            invites::time_zone,
            invites::created_by,
            invites::created_at,
            invites::expires_at,
            (invites::redeemed_at, invites::withdrawn_at),
        )
    };
}

/// Keeps an invite under the hash of its code.
pub fn add_invite(tx: &mut Tx, invite: &Invite, code_hash: &[u8; 32]) -> Result<(), Error> {
    let row = (
        invites::id.eq(Id::of(invite.id)),
        invites::organization_id.eq(Id::of(invite.organization)),
        invites::code_hash.eq(code_hash.to_vec()),
        invites::role.eq(String::from(invite.role)),
        invites::display_name.eq(invite.display_name.as_ref()),
        invites::email.eq(invite.email.as_ref().map(AsRef::<str>::as_ref)),
        invites::time_zone.eq(invite.time_zone.clone().map(String::from)),
        invites::created_by.eq(invite.created_by.map(Id::of)),
        invites::created_at.eq(At(invite.created_at)),
        invites::expires_at.eq(At(invite.expires_at)),
    );
    diesel::insert_into(invites::table).values(row).execute(tx)?;
    Ok(())
}

/// The invite of a code.
pub fn invite_by_code(tx: &mut Tx, code_hash: &[u8; 32]) -> Result<Option<Invite>, Error> {
    let row: Option<InviteRow> = invites::table
        .filter(invites::code_hash.eq(code_hash.to_vec()))
        .select(invite_columns!())
        .get_result(tx)
        .optional()?;
    row.map(invite).transpose()
}

/// The invites somebody has open: one's own, or for supervisors and admins the organization's.
pub fn open_invites(tx: &mut Tx, permit: &Permit, now: Moment) -> Result<Vec<Invite>, Error> {
    let actor = permit.actor();
    let mut query = invites::table
        .filter(invites::organization_id.eq(Id::of(actor.organization)))
        .filter(invites::redeemed_at.is_null())
        .filter(invites::withdrawn_at.is_null())
        .filter(invites::expires_at.gt(At(now)))
        .order(invites::created_at.desc())
        .select(invite_columns!())
        .limit(200)
        .into_boxed();
    if actor.role == Role::Counselor {
        query = query.filter(invites::created_by.eq(Id::of(actor.account)));
    }
    query.load::<InviteRow>(tx)?.into_iter().map(invite).collect()
}

/// The invites to an organization's first admin that its first start made: by nobody, to no address.
pub fn first_invites(tx: &mut Tx) -> Result<Vec<Invite>, Error> {
    let rows: Vec<InviteRow> = invites::table
        .filter(invites::created_by.is_null())
        .filter(invites::email.is_null())
        .filter(invites::role.eq(Role::Admin.as_str()))
        .filter(invites::redeemed_at.is_null())
        .order(invites::created_at)
        .select(invite_columns!())
        .load(tx)?;
    rows.into_iter().map(invite).collect()
}

/// Marks an invite as used.
pub fn redeem_invite(tx: &mut Tx, id: InviteId, now: Moment) -> Result<(), Error> {
    diesel::update(invites::table.find(Id::of(id)))
        .set(invites::redeemed_at.eq(Some(At(now))))
        .execute(tx)?;
    Ok(())
}

/// Marks an invite as taken back.
pub fn withdraw_invite(tx: &mut Tx, id: InviteId, now: Moment) -> Result<(), Error> {
    diesel::update(invites::table.find(Id::of(id)))
        .set(invites::withdrawn_at.eq(Some(At(now))))
        .execute(tx)?;
    Ok(())
}
