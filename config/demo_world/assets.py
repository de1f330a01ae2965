"""What can be downloaded: small real files, written here, and one address elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.files.base import ContentFile

from config.demo_world.site import SITE
from config.demo_world.world import Words, World
from tracking.models import Asset, Form


@dataclass(frozen=True)
class Download:
    name: Words | str
    file: str = ""
    lines: tuple[str, ...] = ()
    url: str = ""
    gate: str = ""  # the form to fill in first
    description: Words | str = ""


DOWNLOADS = {
    "paper_fr": Download(
        "Livre blanc\xa0: 12 endroits où une brasserie perd sa marge",
        "livre-blanc-marge.pdf",
        (
            "12 endroits où une brasserie perd sa marge",
            "",
            "1. Le fond de cuve que personne ne pèse",
            "2. Le fût prêté en mai, jamais revu",
            "3. Le houblon acheté au mauvais contrat",
            "4. L'accise payée deux fois sur un retour",
            "5. L'eau chaude du lundi matin",
            "",
            "Cuvelog, le logiciel des brasseries artisanales",
        ),
        gate="paper_fr",
        description="Ce que nous ont appris 140 brasseries.",
    ),
    "paper_en": Download(
        "White paper: 12 places where a brewery loses its margin",
        "white-paper-margin.pdf",
        (
            "12 places where a brewery loses its margin",
            "",
            "1. The tank bottom nobody weighs",
            "2. The keg lent in May and never seen again",
            "3. Hops bought on the wrong contract",
            "4. Duty paid twice on a return",
            "5. Monday morning's hot water",
            "",
            "Cuvelog, software for craft breweries",
        ),
        gate="paper_en",
        description="What 140 breweries taught us.",
    ),
    "prices": Download(
        Words("Grille tarifaire", "Price list"),
        "cuvelog-tarifs.pdf",
        (
            "Cuvelog: tarifs / prices",
            "",
            "Garage    jusqu'à 500 hl / up to 500 hl          49 EUR / mois",
            "Atelier   jusqu'à 5 000 hl / up to 5,000 hl     149 EUR / mois",
            "Maison    au-delà / above                       329 EUR / mois",
        ),
        description=Words("Les trois formules, hors taxes.", "The three plans, without VAT."),
    ),
    "sheet": Download(
        Words("Tableur\xa0: le coût d'un brassin", "Spreadsheet: the cost of a batch"),
        "cout-d-un-brassin.csv",
        (
            "poste;item;quantite;unite;prix;total",
            "malt Pilsen;Pilsner malt;220;kg;0.92;202.40",
            "houblon Cascade;Cascade hops;3.5;kg;24.00;84.00",
            "levure;yeast;0.5;kg;118.00;59.00",
            "énergie;energy;310;kWh;0.21;65.10",
            "accise;excise;10;hl;37.85;378.50",
        ),
        description=Words("À remplir avec vos propres prix.", "Fill in your own prices."),
    ),
    "podcast": Download(
        Words("Podcast\xa0: une brasserie dans un garage", "Podcast: a brewery in a garage"),
        url=f"{SITE}/podcast/une-brasserie-dans-un-garage",
        description=Words("32 minutes, sur notre site.", "32 minutes, on our site."),
    ),
}


def create(world: World) -> None:
    for key, download in DOWNLOADS.items():
        asset = Asset(
            name=world.name(download.name),
            description=world.name(download.description),
            url=download.url,
            gate=world.forms.get(download.gate),
            created_at=world.start,
        )
        if download.file:
            asset.file.save(download.file, ContentFile(contents(download)), save=False)
        asset.save()
        world.assets[key] = asset
    for language in ("fr", "en"):
        _offer(world.forms[f"paper_{language}"], world.assets[f"paper_{language}"])


def _offer(form: Form, asset: Asset) -> None:
    """The form ends with the download it was filled in for."""
    form.thank_you, form.asset = Form.ThankYou.ASSET, asset
    form.save()


def contents(download: Download) -> bytes:
    return pdf(download.lines) if download.file.endswith(".pdf") else ("\n".join(download.lines) + "\n").encode()


def pdf(lines: tuple[str, ...]) -> bytes:
    """A PDF of one A4 page with these lines, the first one large; any reader opens it."""
    text = b"BT /F1 20 Tf 60 760 Td 0 -28 TD " + _shown(lines[0]) + b" Tj /F1 12 Tf 0 -22 TD "
    text += b" ".join(_shown(line) + b" Tj T*" for line in lines[1:]) + b" ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + tail


def _shown(line: str) -> bytes:
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"(" + escaped.encode("cp1252", "replace") + b")"
