"""Real cities with true coordinates, and streets that could be theirs. Prices are per square metre, in 2026 money."""

# A table reads better with long rows.
# ruff: noqa: E501

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """One city. `number_first` says whether a house number precedes its street; `price` is per m², in `currency`.

    `postcode` is a pattern whose `#` are digits.
    """

    name: str
    country: str
    latitude: float
    longitude: float
    currency: str
    price: int
    postcode: str
    streets: tuple[str, ...]
    districts: tuple[str, ...]
    number_first: bool = False


def _city(line: str) -> City:
    name, country, latitude, longitude, currency, price, postcode, streets, districts = line.split("|")
    return City(
        name, country, float(latitude), float(longitude), currency, int(price), postcode,
        tuple(streets.split(";")), tuple(districts.split(";")), number_first=country in {"FR", "GB", "IE"},
    )  # fmt: skip


CITIES: tuple[City, ...] = tuple(
    _city(line)
    for line in """\
Madrid|ES|40.4168|-3.7038|EUR|5400|2800#|Calle de Santa Engracia;Calle de Ponzano;Calle del Almirante;Calle de Fuencarral;Calle de Jorge Juan|Chamberí;Salamanca;Malasaña;La Latina
Barcelona|ES|41.3874|2.1686|EUR|4900|0800#|Carrer de Provença;Carrer de Girona;Carrer de Verdi;Passeig de Sant Joan;Carrer del Parlament|Eixample;Gràcia;Poblenou;Sant Antoni
Valencia|ES|39.4699|-0.3763|EUR|2900|4600#|Calle de Cádiz;Carrer de Sueca;Calle de la Paz;Calle del Conde Altea;Calle de la Reina|Ruzafa;El Carmen;Cabanyal
Sevilla|ES|37.3891|-5.9845|EUR|2700|4100#|Calle Betis;Calle San Luis;Calle Feria;Calle Relator;Calle Zaragoza|Triana;Macarena;Arenal
Bilbao|ES|43.2630|-2.9350|EUR|3600|4801#|Calle Ercilla;Calle Ledesma;Calle Somera;Alameda de Recalde|Indautxu;Casco Viejo;Deusto
Málaga|ES|36.7213|-4.4214|EUR|3500|2901#|Calle Larios;Calle Granada;Calle Císter;Paseo de Reding|Centro;La Malagueta;Soho
Lisboa|PT|38.7223|-9.1393|EUR|5200|1###-##2|Rua da Bica;Rua de São Bento;Rua do Século;Travessa do Carmo;Rua das Janelas Verdes|Príncipe Real;Alfama;Estrela
Porto|PT|41.1579|-8.6291|EUR|3400|40##-##1|Rua das Flores;Rua de Cedofeita;Rua do Almada;Rua de Miguel Bombarda|Cedofeita;Ribeira;Bonfim
Berlin|DE|52.5200|13.4050|EUR|5800|104##|Linienstraße;Oderberger Straße;Bergmannstraße;Kastanienallee;Sybelstraße|Mitte;Prenzlauer Berg;Kreuzberg;Charlottenburg
Hamburg|DE|53.5511|9.9937|EUR|6000|202##|Eppendorfer Weg;Wohlwillstraße;Hofweg;Osterstraße;Bernstorffstraße|Ottensen;Eimsbüttel;Uhlenhorst
München|DE|48.1351|11.5820|EUR|8900|803##|Türkenstraße;Hans-Sachs-Straße;Schellingstraße;Breisacher Straße|Maxvorstadt;Haidhausen;Glockenbach
Köln|DE|50.9375|6.9603|EUR|4900|506##|Brüsseler Straße;Venloer Straße;Merowingerstraße;Körnerstraße|Ehrenfeld;Südstadt;Belgisches Viertel
Wien|AT|48.2082|16.3738|EUR|6600|10#0|Neubaugasse;Lindengasse;Josefstädter Straße;Große Sperlgasse;Schleifmühlgasse|Neubau;Josefstadt;Leopoldstadt
Zürich|CH|47.3769|8.5417|CHF|15400|80##|Josefstrasse;Seefeldstrasse;Idastrasse;Weinbergstrasse|Seefeld;Wiedikon;Kreis 5
Paris|FR|48.8566|2.3522|EUR|9800|7500#|rue des Martyrs;rue de Charonne;rue du Cherche-Midi;rue Oberkampf;quai de Valmy|Le Marais;Batignolles;Canal Saint-Martin
Lyon|FR|45.7640|4.8357|EUR|4700|6900#|rue Mercière;rue Juiverie;montée de la Grande-Côte;cours Franklin-Roosevelt|Croix-Rousse;Vieux Lyon;Brotteaux
Amsterdam|NL|52.3676|4.9041|EUR|8100|101# KV|Prinsengracht;Lindengracht;Haarlemmerdijk;Ceintuurbaan;Entrepotdok|Jordaan;De Pijp;Plantage
København|DK|55.6761|12.5683|DKK|52000|220#|Jægersborggade;Istedgade;Store Kongensgade;Elmegade;Sankt Peders Stræde|Nørrebro;Vesterbro;Christianshavn
Stockholm|SE|59.3293|18.0686|SEK|98000|11# 4#|Bondegatan;Rörstrandsgatan;Skånegatan;Odengatan|Södermalm;Vasastan;Östermalm
Oslo|NO|59.9139|10.7522|NOK|96000|055#|Thorvald Meyers gate;Markveien;Bygdøy allé;Møllergata|Grünerløkka;Frogner;St. Hanshaugen
Milano|IT|45.4642|9.1900|EUR|6300|2012#|Via Tortona;Corso Garibaldi;Via Solferino;Via Savona;Via Plinio|Brera;Isola;Navigli
Roma|IT|41.9028|12.4964|EUR|4300|0018#|Via dei Coronari;Via Giulia;Via della Lungaretta;Via Urbana|Trastevere;Monti;Prati
London|GB|51.5074|-0.1278|GBP|10900|E2 #QT|Columbia Road;Wilton Way;Calvert Avenue;Lamb's Conduit Street;Cheyne Row|Shoreditch;Hackney;Bloomsbury
Dublin|IE|53.3498|-6.2603|EUR|6100|D02 X#8#|Baggot Street;Camden Street;Synge Street;Merrion Square|Portobello;Ranelagh;Smithfield
Ciudad de México|MX|19.4326|-99.1332|MXN|62000|067##|Calle Orizaba;Calle Colima;Avenida Ámsterdam;Calle Atlixco|Roma Norte;Condesa;Coyoacán
Buenos Aires|AR|-34.6037|-58.3816|USD|2600|C14##AAF|Calle Defensa;Calle Thames;Avenida Caseros;Calle Gurruchaga|Palermo;San Telmo;Recoleta
""".splitlines()
)

CITY: dict[str, City] = {city.name: city for city in CITIES}
