//! Invitations, each stored with the hash of its code.

use diesel::prelude::*;
use evenkeel_domain::access::Permit;
use evenkeel_domain::account::{AccountId, DisplayName, Email, Invite, InviteId, OrganizationId, Role};
use evenkeel_domain::value::{Moment, TimeZone};

use crate::column::Stored;
use crate::schema::invites;
use crate::{Error, Tx};

row! {
    #[diesel(table_name = invites)]
    Row of Invite {
        id: InviteId,
        #[diesel(column_name = organization_id)]
        organization: OrganizationId,
        role: Role,
        display_name: DisplayName,
        email: Option<Email>,
        time_zone: Option<TimeZone>,
        created_by: Option<AccountId>,
        created_at: Moment,
        expires_at: Moment,
        redeemed_at: Option<Moment>,
        withdrawn_at: Option<Moment>,
    }
}

/// Stores an invitation with the hash of its code.
pub fn add_invite(tx: &mut Tx, invite: &Invite, code_hash: &[u8; 32]) -> Result<(), Error> {
    let row = (Row::from(invite.clone()), invites::code_hash.eq(Stored(*code_hash)));
    diesel::insert_into(invites::table).values(row).execute(tx)?;
    Ok(())
}

/// The invitation with this code.
pub fn invite_by_code(tx: &mut Tx, code_hash: &[u8; 32]) -> Result<Option<Invite>, Error> {
    let query = invites::table.filter(invites::code_hash.eq(Stored(*code_hash))).select(Row::as_select());
    Ok(query.get_result(tx).optional()?.map(Invite::from))
}

/// The open invitations that somebody may see: their own, or for supervisors and admins those of the organization.
pub fn open_invites(tx: &mut Tx, permit: &Permit, now: Moment) -> Result<Vec<Invite>, Error> {
    let actor = permit.actor();
    let mut query = invites::table
        .filter(invites::organization_id.eq(Stored(actor.organization)))
        .filter(invites::redeemed_at.is_null())
        .filter(invites::withdrawn_at.is_null())
        .filter(invites::expires_at.gt(Stored(now)))
        .order(invites::created_at.desc())
        .select(Row::as_select())
        .limit(200)
        .into_boxed();
    if actor.role == Role::Counselor {
        query = query.filter(invites::created_by.eq(Some(actor.account)));
    }
    let rows: Vec<Row> = query.load(tx)?;
    Ok(rows.into_iter().map(Invite::from).collect())
}

/// The invitations of the first admin that the server made at its start: by nobody, to no address.
pub fn first_invites(tx: &mut Tx) -> Result<Vec<Invite>, Error> {
    let rows = invites::table
        .filter(invites::created_by.is_null())
        .filter(invites::email.is_null())
        .filter(invites::role.eq(Stored(Role::Admin)))
        .filter(invites::redeemed_at.is_null())
        .order(invites::created_at)
        .select(Row::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(Invite::from).collect())
}

/// Marks an invitation as used.
pub fn redeem_invite(tx: &mut Tx, id: InviteId, now: Moment) -> Result<(), Error> {
    let target = invites::table.find(Stored(id));
    diesel::update(target).set(invites::redeemed_at.eq(Some(now))).execute(tx)?;
    Ok(())
}

/// Marks an invitation as withdrawn.
pub fn withdraw_invite(tx: &mut Tx, id: InviteId, now: Moment) -> Result<(), Error> {
    let target = invites::table.find(Stored(id));
    diesel::update(target).set(invites::withdrawn_at.eq(Some(now))).execute(tx)?;
    Ok(())
}
