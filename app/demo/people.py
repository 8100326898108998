"""The agencies and studios, and the people who work there."""

# A table reads better with long rows.
# ruff: noqa: E501

from dataclasses import dataclass

from app.demo.vocabulary import Plan


@dataclass(frozen=True, slots=True)
class Firm:
    """An organization with its staff, the first of whom owns it; `cities` are where its projects lie."""

    name: str
    slug: str
    plan: Plan
    domain: str
    locale: str
    staff: tuple[str, ...]
    cities: tuple[str, ...]


def _firm(line: str) -> Firm:
    name, slug, plan, domain, locale, staff, cities = line.split("|")
    plans: dict[str, Plan] = {"FREE": "FREE", "PRO": "PRO", "ENTERPRISE": "ENTERPRISE"}
    return Firm(name, slug, plans[plan], domain, locale, tuple(staff.split(";")), tuple(cities.split(";")))


FIRMS: tuple[Firm, ...] = tuple(
    _firm(line)
    for line in """\
Estudio Norte|estudio-norte|PRO|estudio-norte.example|es-ES|Lucía Herrera;Mateo Ibáñez;Carmen Roldán;Álvaro Quintana;Inés Bustamante;Pablo Lertxundi|Madrid;Bilbao;Barcelona
Casa Levante|casa-levante|PRO|casa-levante.example|es-ES|Marina Soler;Joan Ferrer;Rocío Navas;Vicent Alcaraz;Elena Pastor|Valencia;Sevilla;Málaga
Atelier Tejo|atelier-tejo|FREE|atelier-tejo.example|pt-PT|Beatriz Figueiredo;Tiago Moura;Inês Carvalho;Duarte Pimenta|Lisboa;Porto
Hafen & Licht|hafen-und-licht|ENTERPRISE|hafen-licht.example|de-DE|Johanna Petersen;Malte Brandt;Aylin Kaya;Friedrich Vogt;Greta Lindemann;Oskar Wieland;Nele Hartung|Berlin;Hamburg;München;Köln
Wohnwerk Alpin|wohnwerk-alpin|PRO|wohnwerk-alpin.example|de-AT|Katharina Moser;Lukas Steiner;Reto Bühlmann;Theresa Gruber;Simon Aebischer|Wien;Zürich
Maison Ligne|maison-ligne|PRO|maison-ligne.example|fr-FR|Camille Roussel;Hugo Delmas;Inaya Benali;Étienne Garnier;Margaux Perrin|Paris;Lyon
Nord & Hav|nord-og-hav|ENTERPRISE|nord-hav.example|da-DK|Freja Lindqvist;Emil Sørensen;Astrid Nyström;Kasper Holm;Linnea Bergström;Signe Dahl|København;Stockholm;Oslo;Amsterdam
Studio Pianura|studio-pianura|FREE|studio-pianura.example|it-IT|Giulia Bernardi;Marco Fontana;Chiara Lombardi;Davide Rinaldi|Milano;Roma
Mews & Terrace|mews-and-terrace|PRO|mews-terrace.example|en-GB|Imogen Clarke;Daniel Okafor;Priya Raman;Fergus O'Neill;Hattie Marlowe|London;Dublin
Taller Sur|taller-sur|PRO|taller-sur.example|es-MX|Valentina Cruz;Santiago Arce;Renata Ocampo;Joaquín Peralta;Abril Medrano|Ciudad de México;Buenos Aires
""".splitlines()
)
