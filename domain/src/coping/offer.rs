//! The skills on offer in one organization.

use super::library::Library;
use super::organization::OrganizationSkill;
use super::{SkillDraft, SkillRef};

/// The skills on offer in one organization: those of the library, and its own that are not retired.
#[derive(Clone, Copy, Debug)]
pub struct Skills<'a> {
    library: &'a Library,
    own: &'a [OrganizationSkill],
}

impl<'a> Skills<'a> {
    /// The skills of the library and of the organization.
    pub fn new(library: &'a Library, own: &'a [OrganizationSkill]) -> Self {
        Self { library, own }
    }

    /// Each skill on offer, the organization's own first.
    pub fn iter(&self) -> impl Iterator<Item = (SkillRef, &'a SkillDraft)> {
        let active = self.own.iter().filter(|own| own.retired_at.is_none());
        let own = active.map(|own| (SkillRef::Organization(own.id), &own.skill));
        let library = self.library.skills.iter();
        own.chain(library.map(|one| (SkillRef::Library(one.code.clone()), &one.skill)))
    }

    /// One skill, if it is on offer.
    pub fn find(&self, skill: &SkillRef) -> Option<&'a SkillDraft> {
        self.iter().find(|(known, _)| known == skill).map(|(_, skill)| skill)
    }
}
