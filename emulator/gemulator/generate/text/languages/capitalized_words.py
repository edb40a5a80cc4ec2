"""Capitalised words that are no names."""

from gemulator.generate.text.languages.word_blocks import lines, words

# Capitalised at the start of a sentence, but no names.
NO_NAMES = frozenset(
    words(
        """
    a an the i i'm i'd i'll i've it is are was were be do does did can could would will shall should may might
    must have has what what's which who whom whose when where why how if then and or but so not no yes ok okay
    please hi hello hey thanks thank dear my your our their his her this that these those there here let let's
    me we you he she they add answer analyze analyse apply ask book build buy calculate call cancel change check
    choose classify compare compute convert count create debug define delete describe design determine do draft
    draw each edit email estimate evaluate every explain extract fetch file find fix for format from generate
    get give go help identify implement in list look make move name now of on open order parse pay plan play
    post predict provide put read recommend remind remove rename reply report reserve return review rewrite run
    save say schedule search select send set show sing solve sort start stop suggest summarize summarise tell
    test to today tomorrow tonight track translate try turn update use using verify watch weather with write invite meet message contact call text ping notify assign greet visit fly drive travel translate thank convert dear sort
    yesterday after all also any as at before by during just only some monday tuesday wednesday thursday friday
    saturday sunday january february march april june july august september october november december celsius
    fahrenheit kelvin json xml csv html sql api url pdf am pm usd eur gbp jpy chf cny inr python javascript
    typescript java rust markdown english wie was wer wo wann warum welche welcher welches ist sind bitte
    schreibe schreib zeige zeig finde suche buche erkläre nenne erstelle gib sag erzähle kannst ich du er sie es
    wir ihr der die das ein eine und in im am für mit von zu nach wetter quel quelle quels quelles est-ce que
    qui où quand comment pourquoi combien écris donne montre cherche trouve réserve explique le la les un une
    des il elle je tu nous vous quelle météo qué cuál cuándo dónde cómo quién escribe dame muestra busca
    encuentra reserva explica el los las una dime clima qual quais quando onde como quem escreva dê mostre
    procure encontre reserve explique o os as um uma diga
        """
    )
)
# Words after "in" or "for" that are no places.
NO_PLACES = frozenset(
    words(
        """
    today tomorrow now tonight this that next each every all some any dinner lunch breakfast people order
    dollars euros pounds yen rupees francs won
    """
    )
)
COUNTRIES = frozenset(
    lines(
        """
    France
    Germany
    Italy
    Spain
    Portugal
    Japan
    China
    India
    Brazil
    Canada
    Mexico
    Austria
    Switzerland
    Ireland
    Scotland
    England
    Wales
    UK
    USA
    United Kingdom
    United States
    Netherlands
    Belgium
    Poland
    Sweden
    Norway
    Denmark
    Finland
    Greece
    Turkey
    Egypt
    Kenya
    Nigeria
    South Africa
    Australia
    New Zealand
    Argentina
    Chile
    Peru
    Colombia
    South Korea
    Korea
    Thailand
    Vietnam
    Indonesia
    Singapore
    Israel
    Russia
    Ukraine
    California
    Texas
    Florida
    Massachusetts
    Washington
    Oregon
    Ontario
    Bavaria
    """
    )
)
