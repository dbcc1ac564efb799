"""The demo's staff: made up, each name says so. They sign in at the demo's issuer, and fill the plan's seats.

Families are called Esimerkki, Mallila, Keksitty, Kuvitelma, Harjoitus and Kokeilu (example, model, invented, fancy,
exercise, trial); mail goes to addresses under `.invalid`, which exist nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_OF_ROLES: Mapping[str, tuple[str, ...]] = {
    "case-manager": ("referral",),
    "service-manager": ("referral", "leads", "feedback"),
    "service-supervisor": ("referral", "leads", "feedback"),
    "local-service-point-manager": ("feedback", "referral"),
    "employer-services": ("leads",),
    "eures-adviser": ("leads",),
    "coach": ("coaching",),
    "workshop-instructor": ("coaching",),
    "outreach-worker": ("coaching",),
    "ohjaamo-worker": ("coaching",),
    "ohjaamo-coordinator": ("coaching",),
    "shared-social-instructor": ("coaching",),
    "immigrant-services-coordinator": ("coaching",),
    "wellbeing-planner": ("coaching",),
    "employment-and-integration-manager": ("coaching", "leads", "feedback"),
    "employment-officer": ("leads", "coaching"),
    "service-corridor-clerk": ("referral",),
    "business-developer": ("leads",),
    "municipal-manager": ("leads", "feedback", "coaching"),
    "development-director": ("leads", "coaching"),
    "managing-director": ("leads",),
    "development-manager": ("leads",),
    "education-manager": ("leads",),
    "development-expert": ("leads",),
}
_OF_ALL = ("notify", "reporting")


@dataclass(frozen=True)
class Person:
    """A member of staff. `services` are those that the person works in."""

    id: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    language: str = "fi"

    @property
    def email(self) -> str:
        return f"{self.id}@{self.organisation}.invalid"

    @property
    def services(self) -> tuple[str, ...]:
        wanted = {service for role in self.roles for service in self._of_role(role)}
        order = ("referral", "coaching", "leads", "feedback", "notify", "reporting")
        return tuple(service for service in order if service in wanted or service in _OF_ALL)

    def _of_role(self, role: str) -> tuple[str, ...]:
        """Officers and operators work in what their organisation's side runs, and in what all share."""
        if role in ("operator", "data-protection-officer"):
            own = ("referral",) if self.organisation == "tampere-region" else ("coaching", "feedback")
            return (*own, "leads") if self.organisation != "lempaalan-kehitys" else ("leads",)
        return _OF_ROLES.get(role, ())


def _person(name: str, organisation: str, *roles: str, language: str = "fi") -> Person:
    plain = name.lower().replace("ä", "a").replace("ö", "o").replace("å", "a").replace(" ", "-")
    return Person(plain, name, organisation, roles, language)


PEOPLE: tuple[Person, ...] = (
    _person("Mikko Mallila", "tampere-region", "case-manager"),
    _person("Aino Esimerkki", "tampere-region", "case-manager"),
    _person("Petra Kuvitelma", "tampere-region", "case-manager"),
    _person("Jonas Harjoitus", "tampere-region", "case-manager", language="sv"),
    _person("Outi Keksitty", "tampere-region", "service-manager"),
    _person("Kari Mallila", "tampere-region", "service-supervisor"),
    _person("Hannele Kokeilu", "tampere-region", "service-supervisor"),
    _person("Tuula Esimerkki", "tampere-region", "local-service-point-manager"),
    _person("Ville Harjoitus", "tampere-region", "employer-services"),
    _person("Riikka Kuvitelma", "tampere-region", "employer-services"),
    _person("Noora Mallila", "tampere-region", "member"),
    _person("Esko Keksitty", "tampere-region", "data-protection-officer"),
    _person("Sami Kokeilu", "tampere-region", "operator"),
    _person("Sanni Esimerkki", "lempaala", "coach"),
    _person("Juha Mallila", "lempaala", "coach"),
    _person("Elina Harjoitus", "lempaala", "coach"),
    _person("Tiina Keksitty", "lempaala", "workshop-instructor"),
    _person("Pekka Kuvitelma", "lempaala", "workshop-instructor"),
    _person("Laura Kokeilu", "lempaala", "outreach-worker"),
    _person("Antti Esimerkki", "lempaala", "outreach-worker"),
    _person("Emma Mallila", "lempaala", "ohjaamo-worker"),
    _person("Kaisa Harjoitus", "lempaala", "ohjaamo-coordinator"),
    _person("Timo Keksitty", "lempaala", "shared-social-instructor"),
    _person("Samira Kuvitelma", "lempaala", "immigrant-services-coordinator"),
    _person("Leena Kokeilu", "lempaala", "employment-and-integration-manager"),
    _person("Marko Esimerkki", "lempaala", "employment-officer"),
    _person("Helena Mallila", "lempaala", "development-expert"),
    _person("Olli Harjoitus", "lempaala", "development-director"),
    _person("Raija Keksitty", "lempaala", "group-services-director"),
    _person("Pirkko Kuvitelma", "lempaala", "education-director"),
    _person("Matti Kokeilu", "lempaala", "rural-manager"),
    _person("Anne Esimerkki", "lempaala", "service-corridor-clerk"),
    _person("Ulla Mallila", "lempaala", "data-protection-officer"),
    _person("Jari Harjoitus", "lempaala", "operator"),
    _person("Veera Keksitty", "vesilahti", "outreach-worker"),
    _person("Eetu Kuvitelma", "vesilahti", "outreach-worker"),
    _person("Minna Kokeilu", "vesilahti", "ohjaamo-worker"),
    _person("Heli Esimerkki", "vesilahti", "wellbeing-planner"),
    _person("Risto Mallila", "vesilahti", "municipal-manager"),
    _person("Satu Harjoitus", "vesilahti", "development-director"),
    _person("Arto Keksitty", "vesilahti", "employment-officer"),
    _person("Iida Kuvitelma", "vesilahti", "communications-expert"),
    _person("Seija Kokeilu", "vesilahti", "member"),
    _person("Kirsi Esimerkki", "vesilahti", "data-protection-officer"),
    _person("Tero Mallila", "vesilahti", "operator"),
    _person("Johanna Harjoitus", "lempaalan-kehitys", "business-developer"),
    _person("Lauri Keksitty", "lempaalan-kehitys", "business-developer"),
    _person("Eero Kuvitelma", "lempaalan-kehitys", "managing-director"),
    _person("Maria Kokeilu", "lempaalan-kehitys", "development-manager"),
    _person("Niko Esimerkki", "lempaalan-kehitys", "operator"),
    _person("Saara Mallila", "business-tampere", "business-developer"),
    _person("Ilkka Harjoitus", "business-tampere", "member"),
    _person("Anna Keksitty", "iht", "eures-adviser"),
    _person("Daniel Kuvitelma", "iht", "member", language="en"),
    _person("Jaana Kokeilu", "tredu", "education-manager"),
    _person("Harri Esimerkki", "tredu", "education-manager"),
    _person("Päivi Mallila", "vaao", "field-manager"),
    _person("Sirpa Harjoitus", "vaao", "business-and-working-life-coordinator"),
    _person("Kalle Keksitty", "vaao", "business-training-planner"),
    _person("Marja Kuvitelma", "keha", "member"),
    _person("Tapio Kokeilu", "pirha", "member"),
    _person("Eeva Esimerkki", "ely", "member"),
)

BY_ID: Mapping[str, Person] = MappingProxyType({person.id: person for person in PEOPLE})


def holders(organisation: str, role: str) -> tuple[Person, ...]:
    """Who has a role in an organisation: the first holds its seat, the others substitute."""
    return tuple(p for p in PEOPLE if p.organisation == organisation and role in p.roles)
