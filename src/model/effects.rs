//! What a change of a team role does to those who have it, exactly and in words.

use std::collections::BTreeMap;
use std::fmt;

use super::ids::TeamId;
use super::permissions::{PermissionSet, Resource};
use super::roles::{AppLevel, Grants, OrgRole};
use super::users::Kind;
use crate::base::crypto;

/// How many teams are named, one by one, before the others are added up.
const NAMED: usize = 20;

/// What a change would do, to be looked at before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The name of what is to be changed.
    pub name: String,
    /// What happens, in sentences without their full stops.
    pub effects: Vec<String>,
    /// Stands for exactly these effects: sent back, it says that they were seen.
    pub digest: String,
}

/// How many accounts of one kind and organisation role have a team role in one team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// In which team.
    pub team: TeamId,
    /// The team's name.
    pub team_name: String,
    /// Of which kind.
    pub kind: Kind,
    /// With which organisation role.
    pub org_role: OrgRole,
    /// How many.
    pub count: i64,
}

/// What some accounts have more or less of afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// These permissions more.
    Gain(Bits),
    /// These permissions less.
    Lose(Bits),
    /// Another reach into applications.
    Reach { before: AppLevel, after: AppLevel },
}

/// Permissions in the order of pages, so that they can be sorted and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bits(PermissionSet);

impl PartialOrd for Bits {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bits {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.iter().cmp(other.0.iter())
    }
}

/// One thing that happens to the accounts of one kind in one team.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Effect {
    team: TeamId,
    team_name: String,
    kind: Kind,
    turn: Turn,
    count: i64,
}

/// All that a change of a role does. What an account's organisation role gives anyway is neither gained nor lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects(Vec<Effect>);

impl Effects {
    /// What happens where a role that is in these `uses` gives `after` instead of `before`.
    pub fn of(before: Grants, after: Grants, uses: &[Use]) -> Self {
        let mut all: Vec<Effect> = Vec::new();
        for place in uses {
            for turn in turns(before, after, place.org_role) {
                let same = |e: &&mut Effect| (e.team, e.kind, e.turn) == (place.team, place.kind, turn);
                // The uses of one team stand together, and there are never as many effects in it.
                match all.iter_mut().rev().take(64).find(same) {
                    Some(effect) => effect.count += place.count,
                    None => all.push(Effect {
                        team: place.team,
                        team_name: place.team_name.clone(),
                        kind: place.kind,
                        turn,
                        count: place.count,
                    }),
                }
            }
        }
        Self(all)
    }

    /// Whether nobody gains or loses anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A short name for exactly this effect, so that one can say which was shown.
    pub fn digest(&self) -> String {
        let lines = self.0.iter().map(|e| format!("{} {} {} {:?}\n", e.team, e.kind.slug(), e.count, e.turn));
        crypto::hex(&crypto::sha256(lines.collect::<String>().as_bytes())[..16])
    }

    /// In sentences without their full stops, `known` teams by name. A team is not named to those who may not know of it, and
    /// after the first teams the others are added up.
    pub fn told(&self, known: impl Fn(TeamId) -> bool) -> Vec<String> {
        let (mut said, mut named, mut rest) = (Vec::new(), Vec::new(), BTreeMap::<_, (i64, i64)>::new());
        for effect in &self.0 {
            let seen = known(effect.team);
            if seen && !named.contains(&effect.team) && named.len() < NAMED {
                named.push(effect.team);
            }
            if named.contains(&effect.team) {
                let who = Who { kind: effect.kind, count: effect.count };
                said.push(format!("{who} {} in {}", Does(effect.turn, effect.count), effect.team_name));
            } else {
                let sum = rest.entry((!seen, effect.kind.slug(), effect.turn)).or_default();
                *sum = (sum.0 + effect.count, sum.1 + 1);
            }
        }
        said.extend(rest.into_iter().map(|((hidden, kind, turn), (count, teams))| {
            let place = match (hidden, teams) {
                (true, 1) => "a team that you may not see".to_owned(),
                (true, n) => format!("{n} teams that you may not see"),
                (false, 1) => "1 more team".to_owned(),
                (false, n) => format!("{n} more teams"),
            };
            // An account may be in several of them, so that memberships are what can be added up.
            format!("{} {} in {place}", Memberships { kind, count }, Does(turn, count))
        }));
        said
    }
}

/// What an account with this organisation role gains and loses.
fn turns(before: Grants, after: Grants, role: OrgRole) -> impl Iterator<Item = Turn> {
    let anyway = role.holds();
    let gained = after.permissions.without(before.permissions).without(anyway);
    let lost = before.permissions.without(after.permissions).without(anyway);
    // The use of applications comes from team roles alone (rule 6), so no organisation role gives it anyway.
    let reach = (before.level != after.level).then_some(Turn::Reach { before: before.level, after: after.level });
    let some = |set: PermissionSet| (!set.is_empty()).then_some(Bits(set));
    [some(gained).map(Turn::Gain), some(lost).map(Turn::Lose), reach].into_iter().flatten()
}

struct Who {
    kind: Kind,
    count: i64,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = match self.kind {
            Kind::Person => ("person", "people"),
            Kind::Service => ("service account", "service accounts"),
            Kind::Agent => ("AI agent", "AI agents"),
        };
        write!(f, "{} {}", self.count, if self.count == 1 { one } else { many })
    }
}

struct Memberships {
    kind: &'static str,
    count: i64,
}

impl fmt::Display for Memberships {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = Kind::from_slug(self.kind).map_or("accounts", |kind| match kind {
            Kind::Person => "people",
            Kind::Service => "service accounts",
            Kind::Agent => "AI agents",
        });
        write!(f, "{} {} of {whose}", self.count, if self.count == 1 { "membership" } else { "memberships" })
    }
}

struct Does(Turn, i64);

impl fmt::Display for Does {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.1 == 1 { "s" } else { "" };
        match self.0 {
            Turn::Gain(set) => write!(f, "gain{s} {}", listed(set.0)),
            Turn::Lose(set) => write!(f, "lose{s} {}", listed(set.0)),
            Turn::Reach { after: AppLevel::None, .. } => {
                write!(f, "no longer reach{} applications", if self.1 == 1 { "es" } else { "" })
            }
            Turn::Reach { before, after } => {
                let es = if self.1 == 1 { "es" } else { "" };
                write!(f, "reach{es} applications at the level {after} instead of {before}")
            }
        }
    }
}

/// `a, b and c`; all of a resource's actions as the resource itself.
fn listed(set: PermissionSet) -> String {
    let mut words = Vec::new();
    for resource in Resource::ALL {
        let all = PermissionSet::all_of(&[resource]);
        if resource.actions().len() > 1 && set.and(all) == all {
            words.push(format!("all of {}", resource.slug()));
        } else {
            words.extend(set.and(all).iter().map(|permission| permission.to_string()));
        }
    }
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(words: &str, level: AppLevel) -> Grants {
        Grants { permissions: words.parse().unwrap(), level }
    }

    fn place(team: i64, kind: Kind, org_role: OrgRole, count: i64) -> Use {
        Use { team: TeamId(team), team_name: format!("Team {team}"), kind, org_role, count }
    }

    fn told(before: Grants, after: Grants, uses: &[Use]) -> Vec<String> {
        Effects::of(before, after, uses).told(|team| team.0 < 1_000)
    }

    #[test]
    fn an_effect_is_told_in_words() {
        let before = grants("tokens:read teams:read teams:update", AppLevel::Read);
        let after = grants("tokens:read tokens:create teams:read", AppLevel::None);
        let uses = [place(2, Kind::Service, OrgRole::Member, 3), place(3, Kind::Person, OrgRole::Member, 1)];
        assert_eq!(
            told(before, after, &uses),
            [
                "3 service accounts gain tokens:create in Team 2",
                "3 service accounts lose teams:update in Team 2",
                "3 service accounts no longer reach applications in Team 2",
                "1 person gains tokens:create in Team 3",
                "1 person loses teams:update in Team 3",
                "1 person no longer reaches applications in Team 3",
            ]
        );
        let wider = grants("tokens:read tokens:create tokens:update tokens:delete audit:read", AppLevel::Write);
        let agents = [place(2, Kind::Agent, OrgRole::Member, 2)];
        assert_eq!(
            told(grants("", AppLevel::Read), wider, &agents),
            [
                "2 AI agents gain all of tokens and audit:read in Team 2",
                "2 AI agents reach applications at the level write instead of read in Team 2"
            ]
        );
    }

    #[test]
    fn what_the_organisation_role_gives_anyway_is_no_effect() {
        let (before, after) = (grants("", AppLevel::None), grants("tokens:create", AppLevel::None));
        let uses = [
            place(2, Kind::Service, OrgRole::Editor, 1),
            place(2, Kind::Service, OrgRole::Manager, 4),
            place(2, Kind::Service, OrgRole::Member, 2),
        ];
        assert_eq!(told(before, after, &uses), ["3 service accounts gain tokens:create in Team 2"]);
        assert_eq!(OrgRole::growing(before, after), [OrgRole::Member, OrgRole::Editor]);
        let reach = grants("", AppLevel::Read);
        assert_eq!(
            OrgRole::growing(before, reach).len(),
            OrgRole::ALL.len(),
            "rule 6: use comes from team roles alone"
        );
        assert_eq!(told(before, reach, &uses).len(), 1);
        assert!(OrgRole::growing(after, before).is_empty());
    }

    #[test]
    fn many_teams_are_added_up_and_hidden_ones_not_named() {
        let (before, after) = (grants("", AppLevel::None), grants("tokens:create", AppLevel::None));
        let mut uses: Vec<_> = (2..27).map(|team| place(team, Kind::Service, OrgRole::Member, 2)).collect();
        uses.push(place(1_001, Kind::Person, OrgRole::Member, 1));
        let said = told(before, after, &uses);
        assert_eq!(said.len(), NAMED + 2);
        assert_eq!(said[NAMED], "10 memberships of service accounts gain tokens:create in 5 more teams");
        assert_eq!(said[NAMED + 1], "1 membership of people gains tokens:create in a team that you may not see");
    }

    #[test]
    fn a_digest_names_one_effect() {
        let (before, after) = (grants("", AppLevel::None), grants("tokens:create", AppLevel::None));
        let of = |count| Effects::of(before, after, &[place(2, Kind::Service, OrgRole::Member, count)]).digest();
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }
}
