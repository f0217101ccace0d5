"""Which place coordinates are in: how often the one that people would say, and in what time.

The weight of a place's size was chosen on TUNING; nothing was changed for what HELD_APART showed. Where
a quarter is a place of its own in GeoNames ("Brooklyn"), either answer is right; what is asked is "which town".
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from semantik.decoding.decoded import Description
from semantik.folders.details_store import DetailsStore
from semantik.places.lookup import read_place
from semantik.places.names import folded
from semantik.places.table import place_table
from semantik.places.whereabouts import NOWHERE, place_of
from semantik.queries import Filters
from semantik.records import ImageFile
from semantik.search.pictured_places import PicturedPlaces

# What, latitude, longitude, the places that are right by GeoNames' names; "" for none.
TUNING = """
Puerta del Sol, Madrid|40.4169|-3.7035|Madrid
Casa de Campo, Madrid|40.4190|-3.7510|Madrid
Aeropuerto de Barajas|40.4936|-3.5668|Madrid/Barajas de Madrid/San Fernando de Henares/Paracuellos de Jarama
La Giralda|37.3862|-5.9926|Sevilla
Plaza de España, Sevilla|37.3772|-5.9869|Sevilla
Playa de la Caleta, Cádiz|36.5301|-6.3060|Cádiz
Alhambra|37.1761|-3.5881|Granada
Sagrada Família|41.4036|2.1744|Barcelona
Camp Nou|41.3809|2.1228|Barcelona
Playa de Badalona|41.4480|2.2510|Badalona
Guggenheim Bilbao|43.2687|-2.9340|Bilbao
La Concha|43.3170|-1.9920|San Sebastián/Donostia San Sebastian
Catedral de Burgos|42.3408|-3.7045|Burgos
Acueducto de Segovia|40.9480|-4.1178|Segovia
Monasterio de El Escorial|40.5890|-4.1477|San Lorenzo de El Escorial/El Escorial
Alcázar de Toledo|39.8581|-4.0204|Toledo
Murallas de Ávila|40.6560|-4.7020|Ávila
Torre de Hércules|43.3859|-8.4065|A Coruña/La Coruña
Teide, cima|28.2724|-16.6425|Vilaflor/La Orotava/Guía de Isora/Icod de los Vinos/Santiago del Teide
Torre de Belém|38.6916|-9.2160|Lisbon/Algés/Belém/Ajuda
Ribeira, Porto|41.1406|-8.6110|Porto
Coimbra universidade|40.2075|-8.4264|Coimbra
Big Ben|51.5007|-0.1246|London/City of Westminster/Lambeth
Tower Bridge|51.5055|-0.0754|London/City of London/Bermondsey/Southwark/Camberwell
Greenwich|51.4769|0.0005|London/Greenwich/Blackheath
Eiffel Tower|48.8584|2.2945|Paris
Versailles|48.8049|2.1204|Versailles
Brandenburg Gate|52.5163|13.3777|Berlin/Mitte
Marienplatz|48.1374|11.5755|Munich
Colosseum|41.8902|12.4922|Rome
Ponte Vecchio|43.7680|11.2531|Florence
San Marco|45.4341|12.3388|Venice
Times Square|40.7580|-73.9855|New York City/Manhattan
Golden Gate Bridge|37.8199|-122.4783|San Francisco/Sausalito
Hollywood Sign|34.1341|-118.3215|Los Angeles/Hollywood/Burbank
Zócalo|19.4326|-99.1332|Mexico City
Cristo Redentor|-22.9519|-43.2105|Rio de Janeiro
Obelisco, Buenos Aires|-34.6037|-58.3816|Buenos Aires/San Nicolas
Shibuya crossing|35.6595|139.7005|Tokyo/Shibuya
Sydney Opera House|-33.8568|151.2153|Sydney
Middle of the Atlantic|30.0|-40.0|
Mezquita de Córdoba|37.8790|-4.7794|Córdoba
Catedral de Santiago|42.8806|-8.5446|Santiago de Compostela
Catedral de León|42.5994|-5.5669|León
Plaza Mayor, Salamanca|40.9650|-5.6640|Salamanca
Teatro romano de Mérida|38.9154|-6.3385|Mérida
Casas colgadas, Cuenca|40.0786|-2.1290|Cuenca
Ciudad de las Artes, Valencia|39.4548|-0.3505|Valencia
Basílica del Pilar|41.6568|-0.8784|Zaragoza
Catedral de Palma|39.5674|2.6483|Palma
Peñón de Ifach|38.6333|0.0770|Calpe/Calp
Puente Nuevo, Ronda|36.7408|-5.1658|Ronda
Alcazaba de Málaga|36.7213|-4.4157|Málaga
Puerto Banús|36.4860|-4.9530|Marbella/Nueva Andalucía/San Pedro de Alcántara
Playa de Bolonia|36.0890|-5.7790|Tarifa/Zahara de los Atunes/Barbate
El Rocío|37.1310|-6.4840|Almonte/El Rocío
Alcazaba de Almería|36.8410|-2.4720|Almería
Catedral de Murcia|37.9838|-1.1285|Murcia
Castillo de Santa Bárbara|38.3490|-0.4780|Alicante
Playa de Levante, Benidorm|38.5370|-0.1190|Benidorm
Lagos de Covadonga|43.2720|-4.9870|Cangas de Onís/Onís/Cabrales
Santillana del Mar|43.3890|-4.1090|Santillana/Santillana del Mar
Playa de las Canteras|28.1400|-15.4370|Las Palmas de Gran Canaria
Teatro Campoamor, Oviedo|43.3625|-5.8505|Oviedo
Playa de San Lorenzo, Gijón|43.5420|-5.6530|Gijón
Monasterio de Montserrat|41.5933|1.8376|Monistrol de Montserrat/Collbató/Marganell
Museo Dalí, Figueres|42.2680|2.9596|Figueres
Anfiteatro de Tarragona|41.1147|1.2590|Tarragona
PortAventura|41.0870|1.1570|Salou/Vila-seca/Vila Seca
Palacio de Aranjuez|40.0362|-3.6090|Aranjuez
Alcalá de Henares, universidad|40.4830|-3.3630|Alcalá de Henares
Aqueduto, Évora|38.5716|-7.9130|Évora
Palácio da Pena|38.7876|-9.3906|Sintra
Cabo da Roca|38.7804|-9.4989|Colares/Sintra
Boca do Inferno|38.6910|-9.4300|Cascais
Ponta da Piedade|37.0800|-8.6690|Lagos
Braga, Bom Jesus|41.5546|-8.3770|Braga/Gualtar
Funchal, mercado|32.6490|-16.9050|Funchal
Louvre|48.8606|2.3376|Paris
Mont Saint-Michel|48.6361|-1.5115|Pontorson/Avranches/Dol-de-Bretagne/Beauvoir
Vieux-Port de Marseille|43.2950|5.3740|Marseille
Promenade des Anglais|43.6950|7.2650|Nice
Palais des Papes|43.9508|4.8075|Avignon
Manneken Pis|50.8450|4.3500|Brussels
Grote Markt, Brugge|51.2087|3.2245|Brugge
Rijksmuseum|52.3600|4.8852|Amsterdam
Kölner Dom|50.9413|6.9583|Köln
Neuschwanstein|47.5576|10.7498|Füssen/Schwangau
Charles Bridge|50.0865|14.4114|Prague
Schönbrunn|48.1845|16.3122|Vienna
Chain Bridge|47.4990|19.0437|Budapest
Duomo di Milano|45.4642|9.1900|Milan
Torre di Pisa|43.7230|10.3966|Pisa
Pompeii|40.7497|14.4869|Pompei/Pompeii
Acropolis|37.9715|23.7267|Athens
Hagia Sophia|41.0086|28.9802|Istanbul/Eminönü
Edinburgh Castle|55.9486|-3.1999|Edinburgh
Stonehenge|51.1789|-1.8262|Amesbury
Old Trafford|53.4631|-2.2913|Manchester/Stretford/Salford
Jemaa el-Fna|31.6258|-7.9892|Marrakesh
Pyramids of Giza|29.9792|31.1342|Giza/Al Jīzah/Kafr Nassar
Statue of Liberty|40.6892|-74.0445|New York City/Manhattan/Jersey City
Coney Island|40.5749|-73.9859|New York City/Brooklyn/Coney Island/Brighton Beach
White House|38.8977|-77.0365|Washington/Washington, D.C.
Bellagio, Las Vegas|36.1126|-115.1767|Las Vegas/Paradise
South Beach|25.7826|-80.1341|Miami Beach
Machu Picchu|-13.1631|-72.5450|Machupicchu/Aguas Calientes/Urubamba/Santa Teresa
Malecón, La Habana|23.1430|-82.3610|Havana/Centro Habana/La Habana Vieja
Cartagena, ciudad amurallada|10.4236|-75.5510|Cartagena
Copacabana|-22.9711|-43.1823|Rio de Janeiro/Copacabana
Avenida Paulista|-23.5614|-46.6559|São Paulo
Fushimi Inari|34.9671|135.7727|Kyoto
Osaka Castle|34.6873|135.5262|Osaka
Taj Mahal|27.1751|78.0421|Agra
Marina Bay|1.2834|103.8607|Singapore
Petronas|3.1579|101.7116|Kuala Lumpur
Forbidden City|39.9163|116.3972|Beijing
Uluru|-25.3444|131.0369|
Middle of the Pacific|0.0|-150.0|
Middle of the Mediterranean|38.0|6.0|
South Pole|-90.0|0.0|
"""

HELD_APART = """
Catedral de Cádiz|36.5290|-6.2950|Cádiz
Alcázar de Jerez|36.6800|-6.1400|Jerez de la Frontera
Playa de Zahara|36.1350|-5.8480|Zahara de los Atunes
Castillo de Chipiona|36.7380|-6.4390|Chipiona
Catedral de Jaén|37.7650|-3.7900|Jaén
Úbeda, plaza Vázquez de Molina|38.0080|-3.3670|Úbeda
Monasterio de Guadalupe|39.4530|-5.3270|Guadalupe
Plaza Mayor de Cáceres|39.4750|-6.3720|Cáceres
Castillo de Peñafiel|41.5980|-4.1140|Peñafiel
San Martín de Frómista|42.2670|-4.4060|Frómista
Catedral de Zamora|41.4990|-5.7540|Zamora
Murallas de Lugo|43.0110|-7.5580|Lugo
Playa de Samil|42.2100|-8.7760|Vigo
Castro de Santa Tegra|41.8930|-8.8700|A Guarda/Caminha
Palacio de la Magdalena|43.4690|-3.7660|Santander
Puente de Portugalete|43.3230|-3.0170|Portugalete/Getxo/Las Arenas/Areeta
Estella, San Pedro de la Rúa|42.6690|-2.0290|Estella/Estella-Lizarra
Plaza del Castillo, Pamplona|42.8169|-1.6432|Pamplona
Ciudadela de Jaca|42.5720|-0.5530|Jaca
Teruel, torre del Salvador|40.3420|-1.1090|Teruel
Albarracín|40.4080|-1.4440|Albarracín
Peñíscola, castillo|40.3590|0.4080|Peníscola/Peñíscola/Peniscola
Lonja de Valencia|39.4744|-0.3784|Valencia
Palmeral de Elche|38.2680|-0.6930|Elche/Elx
Cartagena, teatro romano|37.5994|-0.9840|Cartagena
Cabo de Gata, faro|36.7220|-2.1930|El Cabo de Gata/San José/Cabo de Gata/Retamar/Carboneras/Níjar/Pujaire
Ciutadella, puerto|39.9990|3.8340|Ciutadella de Menorca/Ciutadella
Dalt Vila, Ibiza|38.9070|1.4370|Ibiza/Eivissa
Maspalomas, dunas|27.7400|-15.5760|Maspalomas/Playa del Inglés/San Bartolomé de Tirajana
Puerto de la Cruz, Lago Martiánez|28.4180|-16.5440|Puerto de la Cruz
Girona, catedral|41.9875|2.8259|Girona
Lleida, Seu Vella|41.6178|0.6270|Lleida
Sitges, iglesia|41.2350|1.8130|Sitges
Gibraltar, peñón|36.1440|-5.3420|Gibraltar
Mosteiro da Batalha|39.6590|-8.8260|Batalha
Nazaré, Sítio|39.6050|-9.0770|Nazaré
Óbidos, castelo|39.3630|-9.1570|Óbidos
Faro, Sé|37.0130|-7.9350|Faro
Guimarães, castelo|41.4480|-8.2900|Guimarães
Biarritz, Rocher de la Vierge|43.4840|-1.5690|Biarritz
Carcassonne, Cité|43.2060|2.3640|Carcassonne
Dune du Pilat|44.5890|-1.2130|La Teste-de-Buch/Arcachon/Pyla-sur-Mer
Château de Chambord|47.6161|1.5170|Chambord/Bracieux/Saint-Dyé-sur-Loire/Mont-près-Chambord/Huisseau-sur-Cosson
Place Bellecour|45.7578|4.8320|Lyon
Sanssouci|52.4042|13.0385|Potsdam
Speicherstadt|53.5440|9.9890|Hamburg
Heidelberger Schloss|49.4106|8.7153|Heidelberg
Hallstatt|47.5622|13.6493|Hallstatt/Bad Goisern
Wawel|50.0540|19.9354|Kraków
Kinderdijk|51.8830|4.6390|Kinderdijk/Nieuw-Lekkerland/Alblasserdam
Nyhavn|55.6798|12.5910|Copenhagen
Gamla Stan|59.3250|18.0710|Stockholm
Bryggen|60.3974|5.3244|Bergen
Hallgrímskirkja|64.1417|-21.9266|Reykjavík
Giant's Causeway|55.2408|-6.5116|Bushmills/Portballintrae
Trinity College|53.3438|-6.2546|Dublin
Cavern Club, Liverpool|53.4064|-2.9879|Liverpool
Bath, Roman Baths|51.3811|-2.3595|Bath
Trulli|40.7824|17.2370|Alberobello
Duomo di Siena|43.3177|11.3289|Siena
Riomaggiore|44.0990|9.7370|Riomaggiore/La Spezia
Rialto|45.4380|12.3359|Venice
Dubrovnik, Stradun|42.6410|18.1090|Dubrovnik
Blue Mosque|41.0054|28.9768|Istanbul
Hassan II, Casablanca|33.6085|-7.6327|Casablanca
Empire State|40.7484|-73.9857|New York City
Brooklyn Bridge Park|40.7010|-73.9960|New York City
Griffith Observatory|34.1184|-118.3004|Los Angeles
Space Needle|47.6205|-122.3493|Seattle
Château Frontenac|46.8119|-71.2050|Québec
Coyoacán|19.3500|-99.1620|Mexico City
Chichén Itzá|20.6843|-88.5678|Pisté/Piste
Plaza de Armas, Cusco|-13.5168|-71.9788|Cusco
Plaza de Mayo|-34.6083|-58.3712|Buenos Aires
Perito Moreno|-50.4967|-73.1377|El Calafate
Pelourinho|-12.9730|-38.5100|Salvador
Senso-ji|35.7148|139.7967|Tokyo
Gateway of India|18.9220|72.8347|Mumbai
Angkor Wat|13.4125|103.8670|Siem Reap
Victoria Falls|-17.9243|25.8572|Livingstone/Victoria Falls
Table Mountain|-33.9628|18.4098|Cape Town
Bondi|-33.8908|151.2743|Sydney/Bondi/Bondi Beach
Indian Ocean|-20.0|80.0|
Drake Passage|-58.0|-65.0|
Empty Quarter|20.0|51.0|
Bay of Biscay|45.0|-5.5|
"""


def points(text: str) -> list[tuple[str, float, float, set[str]]]:
    rows = [line.split("|") for line in text.strip().splitlines()]
    return [(what, float(lat), float(lon), {folded(n) for n in names.split("/")}) for what, lat, lon, names in rows]


def judged(text: str, per_root: float | None = None) -> tuple[int, list[str]]:
    """How many points are in the right place, and what was said of the others."""
    table = place_table()
    if per_root is not None:
        table = replace(table, reach=per_root * np.sqrt(table.population))
    asked = points(text)
    numbers = place_of(np.array([[lat, lon] for _, lat, lon, _ in asked]), table)
    wrong = []
    for (what, _, _, right), number in zip(asked, numbers, strict=True):
        said = "" if number == NOWHERE else table.name_of(int(number), "")
        shown = {said} | ({table.name_of(int(number), code) for code in ("es", "en")} if said else set())
        if not right & {folded(name) for name in shown}:
            wrong.append(f"{what}: {said or 'nowhere'}")
    return len(asked) - len(wrong), wrong


def seconds(degrees: np.ndarray) -> float:
    """CPU seconds."""
    started = time.process_time()
    place_of(degrees)
    return time.process_time() - started


def library_of(count: int, degrees: np.ndarray) -> None:
    """How long a search waits for the places of so many pictures."""
    with tempfile.TemporaryDirectory() as folder:
        store = DetailsStore(Path(folder) / "details.sqlite")
        taken = datetime(2019, 5, 3, 12)
        for number, (latitude, longitude) in enumerate(degrees[:count].tolist()):
            told = Description(4000, 3000, taken, place=(latitude, longitude))
            store.add(ImageFile(f"{number // 1000}/{number}.jpg", 1, 10**18), told)
        store.flush()
        fresh = DetailsStore(store.path)
        started = time.perf_counter()
        pictured = PicturedPlaces([fresh])
        pictured.among(read_place("Madrid"))
        print(f"{count} pictures: {time.perf_counter() - started:.2f} s to know their places, once")
        started = time.perf_counter()
        pictured.among(read_place("Sevilla"))
        print(f"{time.perf_counter() - started:.3f} s to know whether any is in one")
        for name in ("Sevilla", "España", "cerca de Toledo"):
            started = time.perf_counter()
            found = sum(1 for _ in fresh.matching(Filters(places=(read_place(name),))))
            print(f"{name}: {found} pictures in {time.perf_counter() - started:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1_000_000, help="of the library whose places are looked up")
    options = parser.parse_args()
    started = time.perf_counter()
    table = place_table()
    print(f"table read in {time.perf_counter() - started:.2f} s, {table.places} places")
    for per_root in (0.0, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05):
        right, wrong = judged(TUNING, per_root)
        print(f"tuning, {per_root} km per root: {right} of {right + len(wrong)}; {wrong}")
    right, wrong = judged(HELD_APART)
    print(f"held apart: {right} of {right + len(wrong)}; {wrong}")
    random = np.random.default_rng(18)
    for count in (100_000, 1_000_000):
        homes = table.degrees[random.integers(0, 20_000, 40)]
        library = homes[random.integers(0, 40, count)] + random.normal(0, 0.05, (count, 2))
        print(f"{count} of 40 towns: {seconds(library):.2f} s")
    flat = np.degrees(np.arcsin(random.uniform(-1, 1, 100_000)))
    print(f"100000 all over the globe: {seconds(np.stack([flat, random.uniform(-180, 180, 100_000)], 1)):.2f} s")
    spread = table.degrees[random.integers(0, table.places, 100_000)] + random.normal(0, 0.05, (100_000, 2))
    print(f"100000 all over the inhabited world: {seconds(spread):.2f} s")
    library_of(options.pictures, library)
    print(f"one: {seconds(np.array([[40.0, -3.0]])) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
