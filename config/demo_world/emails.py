"""The mails Cuvelog writes, half of them in French, half in English, and two for its own salespeople."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from campaigns.models import Email
from config.demo_world import letterhead
from config.demo_world.site import SITE
from config.demo_world.world import World
from tracking import addresses


@dataclass(frozen=True)
class Letter:
    name: str
    subject: str
    preheader: str
    title: str
    body: str  # $site and the landing pages by key ($paper_fr …) are addresses
    call: tuple[str, str] | None = None
    inside: bool = False


LETTERS = {
    "welcome_fr": Letter(
        "Bienvenue",
        "{{ contact.first_name|default:\"Bonjour\" }}, bienvenue chez Cuvelog",
        "Trois choses utiles, et rien à installer.",
        "Bienvenue à bord",
        """
<p>Bonjour {{ contact.first_name|default:"à vous" }},</p>
<p>Cuvelog est né dans une brasserie de Lille, un soir d'inventaire où il manquait dix-sept fûts. Depuis, 140 brasseries
suivent avec nous leurs brassins, leurs fûts et leurs droits d'accise.</p>
<p>Pour commencer\xa0: lisez <a href="$site/blog/cout-de-revient-d-un-brassin">ce que coûte vraiment un brassin</a>, ou visitez
<a href="$site/produit/salle-de-brassage">la salle de brassage</a>.</p>
""",
        ("Faire le tour de Cuvelog", "$site/produit"),
    ),
    "welcome_en": Letter(
        "Welcome",
        "Welcome to Cuvelog, {{ contact.first_name|default:\"brewer\" }}",
        "Three useful things, and nothing to install.",
        "Welcome aboard",
        """
<p>Hello {{ contact.first_name|default:"there" }},</p>
<p>Cuvelog was born in a brewery in Lille, on a stock-taking night when seventeen kegs were missing. Today 140 breweries
follow their batches, their kegs and their duty with us.</p>
<p>A good place to start: <a href="$site/en/blog/cost-of-a-batch">what a batch really costs</a>, or a walk through
<a href="$site/en/product/brewhouse">the brewhouse</a>.</p>
""",
        ("Take the tour", "$site/en/product"),
    ),
    "after_paper_fr": Letter(
        "Après le livre blanc",
        "Le chiffre qui fait mal (page 9)",
        "Et comment le calculer pour votre brasserie.",
        "Avez-vous trouvé votre perte\xa0?",
        """
<p>{{ contact.first_name|default:"Bonjour" }}, vous avez téléchargé notre livre blanc. La page 9 donne une formule\xa0;
voici plus simple\xa0: <a href="$sheet">un tableur déjà prêt</a> où saisir vos propres prix.</p>
<p>La plupart des brasseries de {{ company.city|default:"votre région" }} y trouvent entre 4 et 11&nbsp;%.</p>
""",
        ("Voir les tarifs", "$site/tarifs"),
    ),
    "after_paper_en": Letter(
        "After the white paper",
        "The figure that hurts (page 9)",
        "And how to work it out for your brewery.",
        "Did you find your leak?",
        """
<p>{{ contact.first_name|default:"Hello" }}, you downloaded our white paper. Page 9 has a formula; here is something easier:
<a href="$sheet">a spreadsheet</a> to fill in with your own prices.</p>
<p>Most breweries find between 4 and 11%.</p>
""",
        ("See the pricing", "$site/en/pricing"),
    ),
    "letter_1_fr": Letter(
        "Lettre du brasseur n° 12",
        "Houblon\xa0: signer maintenant, ou attendre\xa0?",
        "Le marché libre est tentant. Faites le calcul avant.",
        "Contrat ou marché libre\xa0?",
        """
<p>La récolte est bonne et les prix se détendent. Faut-il lâcher son contrat\xa0? Trois brasseurs répondent, et
<a href="$site/blog/houblon-contrat-ou-marche-libre">nous avons fait le calcul</a>.</p>
<h2>À lire aussi</h2>
<p><a href="$site/blog/nettoyage-en-place">La check-list de nettoyage du lundi</a>, à punaiser près de la cuve.</p>
<h2>Chez un confrère</h2>
<p><a href="$site/clients/brasserie-du-beffroi">Le Beffroi a retrouvé 212 fûts</a>.</p>
""",
    ),
    "letter_1_en": Letter(
        "Brewer's letter no. 12",
        "Hops: sign now, or wait?",
        "The spot market is tempting. Do the sums first.",
        "Contract or spot market?",
        """
<p>The harvest was kind and prices are easing. Time to leave your contract? Three brewers answer, and
<a href="$site/en/blog/hops-contract-or-spot">we did the sums</a>.</p>
<h2>Also worth a read</h2>
<p><a href="$site/en/blog/cleaning-in-place">The Monday cleaning checklist</a>, to pin up by the tank.</p>
<h2>At a colleague's</h2>
<p><a href="$site/en/customers/thistle-and-barrel">Thistle &amp; Barrel found 140 lost kegs</a>.</p>
""",
    ),
    "letter_2_fr": Letter(
        "Lettre du brasseur n° 13",
        "Votre levure est-elle fatiguée\xa0?",
        "Combien de générations peut-on vraiment tenir.",
        "Combien de générations\xa0?",
        """
<p>Huit, dix, quinze\xa0? Les réponses de nos lecteurs vont du simple au triple.
<a href="$site/blog/levures-combien-de-generations">Le dossier est ici</a>.</p>
<h2>Le livre blanc du mois</h2>
<p>Douze endroits où une brasserie perd sa marge\xa0: <a href="$paper_fr">recevez-le</a>.</p>
<h2>À écouter</h2>
<p><a href="$podcast">Une brasserie dans un garage</a>, 32 minutes avec Fatou Diallo.</p>
""",
        ("Lire le livre blanc", "$paper_fr"),
    ),
    "letter_2_en": Letter(
        "Brewer's letter no. 13",
        "Twelve places where beer disappears",
        "This month's white paper, and a podcast.",
        "Where does your margin go?",
        """
<p>Nine per cent, on average, between malt and glass. <a href="$paper_en">Our white paper</a> names the twelve places.</p>
<h2>Start small</h2>
<p><a href="$site/en/blog/cost-of-a-batch">What does a batch really cost?</a> Twenty minutes and a calculator.</p>
<h2>To listen to</h2>
<p><a href="$podcast">A brewery in a garage</a>, 32 minutes (in French, with a transcript).</p>
""",
        ("Get the white paper", "$paper_en"),
    ),
    "letter_3_fr": Letter(
        "Lettre du brasseur n° 14",
        "Le vrai prix d'un litre",
        "La Mousse du Vercors a ouvert ses comptes.",
        "Le vrai prix d'un litre",
        """
<p>{{ contact.first_name|default:"Bonjour" }}, combien coûte votre litre, tout compris\xa0? À La Mousse du Vercors la réponse a
surpris tout le monde\xa0: <a href="$site/clients/la-mousse-du-vercors">ils ont ouvert leurs comptes</a>.</p>
<h2>Nouveau dans Cuvelog</h2>
<p><a href="$site/produit/suivi-des-futs">Le suivi des fûts</a> lit maintenant les consignes de vos distributeurs.</p>
<h2>Nos formules</h2>
<p>Elles n'ont pas bougé\xa0: <a href="$site/tarifs">de 49 à 329\xa0€ par mois</a>.</p>
""",
        ("Voir Cuvelog en vingt minutes", "$demo_fr"),
    ),
    "letter_3_en": Letter(
        "Brewer's letter no. 14",
        "What a litre really costs",
        "A brewery opened its books for us.",
        "What a litre really costs",
        """
<p>{{ contact.first_name|default:"Hello" }}, what does your litre cost, all in?
<a href="$site/en/blog/cost-of-a-batch">One brewery opened its books for us.</a></p>
<h2>New in Cuvelog</h2>
<p><a href="$site/en/product/keg-tracking">Keg tracking</a> now reads your wholesalers' deposits.</p>
<h2>Our plans</h2>
<p>They have not moved: <a href="$site/en/pricing">€49 to €329 a month</a>.</p>
""",
        ("See Cuvelog in twenty minutes", "$demo_en"),
    ),
    "webinar_fr": Letter(
        "Invitation\xa0: les droits d'accise sans larmes",
        "Jeudi à 11\xa0h\xa0: les droits d'accise sans larmes",
        "45 minutes, une brasseuse, aucune larme.",
        "Les droits d'accise sans larmes",
        """
<p>{{ contact.first_name|default:"Bonjour" }}, la déclaration revient chaque mois et personne ne l'aime. En 45 minutes, Camille
et une brasseuse vous montrent comment la finir avant le café.</p>
""",
        ("Réserver ma place", "$webinar_excise"),
    ),
    "webinar_en": Letter(
        "Invitation: kegs that come home",
        "Webinar: kegs that come home",
        "What pays for itself, and what does not.",
        "Kegs that come home",
        """
<p>{{ contact.first_name|default:"Hello" }}, how many of your kegs are out there right now? Oliver and the head brewer of Thistle
&amp; Barrel show how they got theirs back. Live, 45 minutes.</p>
""",
        ("Save my seat", "$webinar_kegs"),
    ),
    "demo_fr": Letter(
        "Proposition de démonstration",
        "{{ contact.first_name|default:\"Bonjour\" }}, vingt minutes avec vos propres fûts\xa0?",
        "Sans diaporama, à l'heure qui vous arrange.",
        "Et si nous ouvrions Cuvelog ensemble\xa0?",
        """
<p>Vous avez regardé de près {{ company.name|default:"ce que nous faisons" }} et nos tarifs\xa0: le plus simple est de voir
Cuvelog avec vos recettes. Vingt minutes, entre deux brassins.</p>
<p>Vous préférez seul\xa0? <a href="$site/demo">La visite guidée est ici</a>.</p>
""",
        ("Choisir un créneau", "$demo_fr"),
    ),
    "demo_en": Letter(
        "Offer of a demo",
        "{{ contact.first_name|default:\"Hello\" }}, twenty minutes with your own kegs?",
        "No slides, whenever it suits you.",
        "Shall we open Cuvelog together?",
        """
<p>You have had a good look around: the easiest next step is to see Cuvelog with the recipes of
{{ company.name|default:"your brewery" }}. Twenty minutes, between two batches.</p>
<p>Rather on your own? <a href="$site/en/demo">The guided tour is here</a>.</p>
""",
        ("Pick a slot", "$demo_en"),
    ),
    "ambassador_fr": Letter(
        "Devenir ambassadeur",
        "Une bière contre une histoire",
        "Racontez la vôtre à une autre brasserie.",
        "Vous en parlez mieux que nous",
        """
<p>{{ contact.first_name|default:"Bonjour" }}, {{ company.name|default:"votre brasserie" }} connaît Cuvelog mieux que
nous. Accepteriez-vous de répondre à une brasserie qui hésite\xa0? Nous offrons le brassin d'essai.</p>
""",
        ("Lire ce que d'autres ont raconté", "$site/clients"),
    ),
    "ambassador_en": Letter(
        "Become an ambassador",
        "A beer for a story",
        "Tell yours to another brewery.",
        "You tell it better than we do",
        """
<p>{{ contact.first_name|default:"Hello" }}, {{ company.name|default:"your brewery" }} knows Cuvelog better than we do. Would you
take a call from a brewery that is still wondering? The trial batch is on us.</p>
""",
        ("Read what others have told", "$site/en/customers"),
    ),
    "inside_hot_fr": Letter(
        "Interne\xa0: prospect chaud",
        "Prospect chaud\xa0: {{ contact.name }} ({{ company.name|default:\"sans entreprise\" }})",
        "Score {{ score.overall }}",
        "{{ contact.name }} mérite un appel",
        """
<p><strong>{{ contact.job_title }}</strong>, {{ company.name|default:"entreprise inconnue" }}, {{ contact.city }}<br>
Score\xa0: <strong>{{ score.overall }}</strong> · Étape\xa0: {{ contact.stage }}<br>
{{ contact.phone|default:"pas de téléphone" }} · {{ contact.email }}</p>
""",
        ("Ouvrir sa fiche", "{{ contact.page }}"),
        inside=True,
    ),
    "inside_hot_en": Letter(
        "Internal: hot lead",
        "Hot lead: {{ contact.name }} ({{ company.name|default:\"no company\" }})",
        "Score {{ score.overall }}",
        "{{ contact.name }} is worth a call",
        """
<p><strong>{{ contact.job_title }}</strong>, {{ company.name|default:"unknown company" }}, {{ contact.city }}<br>
Score: <strong>{{ score.overall }}</strong> · Stage: {{ contact.stage }}<br>
{{ contact.phone|default:"no phone" }} · {{ contact.email }}</p>
""",
        ("Open the contact", "{{ contact.page }}"),
        inside=True,
    ),
}  # fmt: skip


def create(world: World) -> None:
    known = {key: addresses.landing_page(page) for key, page in world.landing_pages.items()}
    known |= {key: addresses.asset(asset) for key, asset in world.assets.items() if key not in known}
    for key, letter in LETTERS.items():
        world.emails[key] = _email(letter, key.rpartition("_")[2], {"site": SITE, **known}, world)


def _email(letter: Letter, language: str, known: dict[str, str], world: World) -> Email:
    call = (letter.call[0], Template(letter.call[1]).substitute(known)) if letter.call else None
    return Email.objects.create(
        name=letter.name,
        subject_line=letter.subject,
        preheader=letter.preheader,
        html=letterhead.html(
            language,
            letter.title,
            Template(letter.body).substitute(known),
            site=SITE if language == "fr" else f"{SITE}/en",
            call=call,
            inside=letter.inside,
        ),
        from_name="Cuvelog",
        from_email="bonjour@cuvelog.example",
        reply_to="camille@cuvelog.example" if language == "fr" else "oliver@cuvelog.example",
        language=language,
        created_at=world.start,
    )
