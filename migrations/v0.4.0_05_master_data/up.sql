-- The core of the game, in the order in which the tables need each other.

INSERT INTO gsm_sources (code, name_de, name_en, edition, is_core) VALUES
    ('core', 'Grundregelwerk', 'Core Rules', 5, TRUE),
    ('arcana', 'Das Buch der Künste', 'The Book of the Arts', 5, TRUE),
    ('realms', 'Länder jenseits der Flüsse', 'Lands Beyond the Rivers', 2, FALSE);

INSERT INTO gsm_rules (code, source_code, page, name_de, name_en, setting) VALUES
    ('attribute_max', 'core', 14, 'Höchstwert einer Eigenschaft', 'Highest attribute value', '100'),
    ('critical_success', 'core', 52, 'Kritischer Erfolg ab', 'Critical success from', '20'),
    ('success_threshold', 'core', 51, 'Schwelle für einen Erfolgswurf', 'Threshold of a success roll', '20'),
    ('recovery_per_night', 'core', 61, 'Erholung nach durchschlafener Nacht', 'Recovery after a full night', '1'),
    ('spell_resistance', 'arcana', 9, 'Grundwert der Zauberabwehr', 'Base value of spell resistance', '10');

INSERT INTO gsm_character_classes (code, source_code, name_de, name_en, can_cast) VALUES
    ('assassin', 'core', 'Meuchler', 'Assassin', FALSE),
    ('bard', 'core', 'Barde', 'Bard', TRUE),
    ('druid', 'arcana', 'Kräuterpriester', 'Druid', TRUE),
    ('knight', 'core', 'Ritter', 'Knight', FALSE),
    ('mage', 'arcana', 'Magier', 'Mage', TRUE),
    ('merchant', 'core', 'Händler', 'Merchant', FALSE),
    ('ranger', 'core', 'Waldläufer', 'Ranger', FALSE),
    ('shaman', 'realms', 'Schamane', 'Shaman', TRUE);

INSERT INTO gsm_skill_categories (code, name_de, name_en) VALUES
    ('body', 'Körper', 'Body'),
    ('combat', 'Kampf', 'Combat'),
    ('everyday', 'Alltag', 'Everyday'),
    ('knowledge', 'Wissen', 'Knowledge'),
    ('social', 'Gesellschaft', 'Society'),
    ('underworld', 'Halbwelt', 'Underworld'),
    ('wilderness', 'Freiland', 'Wilderness');

INSERT INTO gsm_skill_difficulties (code, name_de, name_en, sort_order) VALUES
    ('easy', 'leicht', 'easy', 1),
    ('normal', 'normal', 'normal', 2),
    ('hard', 'schwer', 'hard', 3),
    ('very_hard', 'sehr schwer', 'very hard', 4);

INSERT INTO gsm_spell_schools (code, name_de, name_en) VALUES
    ('change', 'Verändern', 'Changing'),
    ('create', 'Erschaffen', 'Creating'),
    ('destroy', 'Zerstören', 'Destroying'),
    ('discern', 'Erkennen', 'Discerning'),
    ('dominate', 'Beherrschen', 'Dominating'),
    ('move', 'Bewegen', 'Moving'),
    ('shape', 'Formen', 'Shaping');

INSERT INTO gsm_skills (code, source_code, page, name_de, name_en, initial_value, improvable) VALUES
    ('acrobatics', 'core', 103, 'Akrobatik', 'Acrobatics', 8, TRUE),
    ('balance', 'core', 105, 'Balancieren', 'Balancing', 8, TRUE),
    ('climbing', 'core', 118, 'Klettern', 'Climbing', 8, TRUE),
    ('first_aid', 'core', 111, 'Erste Hilfe', 'First Aid', 8, TRUE),
    ('gambling', 'core', 113, 'Glücksspiel', 'Gambling', 8, TRUE),
    ('haggling', 'core', 115, 'Geschäftssinn', 'Haggling', 8, TRUE),
    ('herb_lore', 'core', 124, 'Pflanzenkunde', 'Herb Lore', 5, TRUE),
    ('lock_picking', 'core', 131, 'Schlösser öffnen', 'Lock Picking', 5, TRUE),
    ('night_sight', 'core', 121, 'Nachtsicht', 'Night Sight', 8, FALSE),
    ('riding', 'core', 128, 'Reiten', 'Riding', 12, TRUE),
    ('rune_lore', 'arcana', 17, 'Zauberkunde', 'Rune Lore', 5, TRUE),
    ('seduction', 'core', 137, 'Verführen', 'Seduction', 8, TRUE),
    ('sneaking', 'core', 130, 'Schleichen', 'Sneaking', 8, TRUE),
    ('survival', 'realms', 44, 'Überleben', 'Survival', 8, TRUE),
    ('swimming', 'core', 133, 'Schwimmen', 'Swimming', 12, TRUE),
    ('tracking', 'core', 135, 'Spurensuche', 'Tracking', 8, TRUE);

INSERT INTO gsm_weapon_skills (code, source_code, difficulty_code, page, name_de, name_en, is_ranged) VALUES
    ('axe', 'core', 'normal', 142, 'Einhandaxt', 'One-handed Axe', FALSE),
    ('crossbow', 'core', 'easy', 146, 'Armbrust', 'Crossbow', TRUE),
    ('dagger', 'core', 'easy', 141, 'Dolch', 'Dagger', FALSE),
    ('flail', 'core', 'hard', 143, 'Dreschflegel', 'Flail', FALSE),
    ('longbow', 'core', 'hard', 147, 'Langbogen', 'Longbow', TRUE),
    ('rapier', 'core', 'very_hard', 144, 'Stoßdegen', 'Rapier', FALSE),
    ('sling', 'realms', 'normal', 58, 'Schleuder für Hirten', 'Shepherd''s Sling', TRUE),
    ('sword', 'core', 'normal', 144, 'Langschwert', 'Longsword', FALSE),
    ('two_handed_sword', 'core', 'hard', 145, 'Bihänder', 'Two-handed Sword', FALSE);

INSERT INTO gsm_spells (
    code, source_code, school_code, page, name_de, name_en, category,
    spell_level, endurance_cost, casting_seconds, reach_metres, duration_minutes
) VALUES
    ('bear_strength', 'arcana', 'change', 31, 'Bärenkräfte', 'Strength of the Bear', 'Verändern', 2, 2, 10, 0, 10),
    ('bright_light', 'arcana', 'create', 40, 'Gleißendes Licht', 'Blinding Light', 'Erschaffen', 1, 1, 5, 30, 2),
    ('calm_beasts', 'realms', 'dominate', 71, 'Tiere besänftigen', 'Calm Beasts', 'Lied', 2, 2, 60, 20, 10),
    ('call_of_the_owl', 'realms', 'discern', 72, 'Ruf der Eule', 'Call of the Owl', 'Naturmagie', 3, 3, 30, 500, 60),
    ('door_of_thorns', 'arcana', 'shape', 44, 'Dornentür', 'Door of Thorns', 'Formen', 4, 6, 10, 10, 60),
    ('feather_fall', 'arcana', 'move', 36, 'Federleichter Fall', 'Feather Fall', 'Bewegen', 2, 2, 1, 10, 1),
    ('fire_ball', 'arcana', 'destroy', 52, 'Feuerkugel', 'Fireball', 'Zerstören', 5, 6, 10, 50, 0),
    ('heal_wounds', 'arcana', 'change', 33, 'Wunden schließen', 'Close Wounds', 'Wundertat', 3, 3, 60, 0, 0),
    ('hear_afar', 'arcana', 'discern', 27, 'Hören in die Ferne', 'Hear Afar', 'Erkennen', 2, 2, 10, 100, 5),
    ('invisibility', 'arcana', 'change', 34, 'Unsichtbarkeit', 'Invisibility', 'Verändern', 6, 6, 60, 0, 30),
    ('open_lock', 'arcana', 'move', 37, 'Schlösser aufspringen lassen', 'Spring Locks', 'Bewegen', 3, 3, 10, 5, 0),
    ('rust', 'arcana', 'destroy', 53, 'Rost über Nacht', 'Overnight Rust', 'Zerstören', 4, 4, 600, 1, 0),
    ('see_magic', 'arcana', 'discern', 26, 'Zauber erspüren', 'Sense Magic', NULL, 1, 1, 10, 15, 10),
    ('sleep', 'arcana', 'dominate', 48, 'Tiefer Schlaf', 'Deep Sleep', 'Beherrschen', 3, 3, 10, 15, 60),
    ('song_of_courage', 'core', 'dominate', 167, 'Lied der Kühnheit', 'Song of Courage', 'Lied', 2, 2, 60, 30, 10),
    ('stone_skin', 'arcana', 'shape', 45, 'Haut aus Stein', 'Skin of Stone', 'Formen', 4, 4, 10, 0, 10),
    ('wall_of_mist', 'arcana', 'create', 41, 'Nebelwand', 'Wall of Mist', 'Erschaffen', 2, 2, 10, 30, 5),
    ('will_o_wisp', 'realms', 'create', 73, 'Irrlicht', 'Will-o''-the-Wisp', NULL, 1, 1, 5, 100, 15);

INSERT INTO gsm_equipment (code, source_code, page, name_de, name_en, weight_kg, price_coppers) VALUES
    ('backpack', 'core', 181, 'Rucksack', 'Backpack', 1.200, 250),
    ('bandages', 'core', 181, 'Verbände', 'Bandages', 0.300, 40),
    ('chain_mail', 'core', 186, 'Kettenhemd', 'Chain Mail', 18.000, 60000),
    ('grappling_hook', 'core', 182, 'Enterhaken', 'Grappling Hook', 2.100, 500),
    ('herbs', 'realms', 61, 'Heilkräuter, getrocknet', 'Healing Herbs, Dried', 0.050, 1500),
    ('lantern', 'core', 182, 'Öllampe', 'Oil Lantern', 0.900, 300),
    ('lock_picks', 'core', 183, 'Dietriche in Lederhülle', 'Lock Picks in a Leather Case', 0.150, 2000),
    ('rope', 'core', 183, 'Hanfseil, zwanzig Meter', 'Hemp Rope, Twenty Metres', 3.500, 400),
    ('shield', 'core', 187, 'Großer Schild', 'Large Shield', 6.400, 4000),
    ('spell_book', 'arcana', 62, 'Zauberbuch, leer', 'Spell Book, Blank', 2.000, 10000);

INSERT INTO gsm_learning_costs (class_code, category_code, ep_per_unit) VALUES
    ('assassin', 'body', 20), ('assassin', 'combat', 20), ('assassin', 'everyday', 20), ('assassin', 'knowledge', 30),
    ('assassin', 'social', 20), ('assassin', 'underworld', 10), ('assassin', 'wilderness', 30),
    ('bard', 'body', 20), ('bard', 'combat', 30), ('bard', 'everyday', 20), ('bard', 'knowledge', 20),
    ('bard', 'social', 10), ('bard', 'underworld', 30), ('bard', 'wilderness', 30),
    ('druid', 'body', 30), ('druid', 'combat', 40), ('druid', 'everyday', 20), ('druid', 'knowledge', 10),
    ('druid', 'social', 30), ('druid', 'underworld', 40), ('druid', 'wilderness', 10),
    ('knight', 'body', 20), ('knight', 'combat', 10), ('knight', 'everyday', 20), ('knight', 'knowledge', 40),
    ('knight', 'social', 10), ('knight', 'underworld', 40), ('knight', 'wilderness', 30),
    ('mage', 'body', 40), ('mage', 'combat', 40), ('mage', 'everyday', 20), ('mage', 'knowledge', 10),
    ('mage', 'social', 20), ('mage', 'underworld', 40), ('mage', 'wilderness', 40),
    ('merchant', 'body', 30), ('merchant', 'combat', 30), ('merchant', 'everyday', 10), ('merchant', 'knowledge', 20),
    ('merchant', 'social', 10), ('merchant', 'underworld', 20), ('merchant', 'wilderness', 30),
    ('ranger', 'body', 20), ('ranger', 'combat', 20), ('ranger', 'everyday', 20), ('ranger', 'knowledge', 30),
    ('ranger', 'social', 40), ('ranger', 'underworld', 30), ('ranger', 'wilderness', 10),
    ('shaman', 'body', 20), ('shaman', 'combat', 30), ('shaman', 'everyday', 20), ('shaman', 'knowledge', 20),
    ('shaman', 'social', 20), ('shaman', 'underworld', 40), ('shaman', 'wilderness', 10);

INSERT INTO gsm_spell_learning_costs (class_code, school_code, ep_per_level) VALUES
    ('bard', 'discern', 60), ('bard', 'dominate', 30), ('bard', 'move', 60),
    ('druid', 'change', 30), ('druid', 'create', 60), ('druid', 'discern', 60), ('druid', 'shape', 30),
    ('mage', 'change', 60), ('mage', 'create', 30), ('mage', 'destroy', 30), ('mage', 'discern', 30),
    ('mage', 'dominate', 60), ('mage', 'move', 30), ('mage', 'shape', 60),
    ('shaman', 'change', 60), ('shaman', 'discern', 30), ('shaman', 'dominate', 30);

INSERT INTO gsm_skill_category_difficulties (skill_code, category_code, difficulty_code, learning_units) VALUES
    ('acrobatics', 'body', 'hard', 2), ('acrobatics', 'combat', 'very_hard', 4),
    ('balance', 'body', 'normal', 1), ('balance', 'underworld', 'normal', 1),
    ('climbing', 'body', 'easy', 1), ('climbing', 'underworld', 'easy', 1), ('climbing', 'wilderness', 'easy', 1),
    ('first_aid', 'everyday', 'easy', 1), ('first_aid', 'wilderness', 'normal', 2),
    ('gambling', 'everyday', 'easy', 1), ('gambling', 'underworld', 'normal', 2),
    ('haggling', 'everyday', 'normal', 2), ('haggling', 'social', 'normal', 2),
    ('herb_lore', 'knowledge', 'normal', 2), ('herb_lore', 'wilderness', 'hard', 4),
    ('lock_picking', 'underworld', 'hard', 4),
    ('night_sight', 'body', 'very_hard', 6), ('night_sight', 'wilderness', 'very_hard', 6),
    ('riding', 'everyday', 'easy', 1), ('riding', 'combat', 'easy', 1),
    ('rune_lore', 'knowledge', 'hard', 4),
    ('seduction', 'social', 'normal', 2), ('seduction', 'underworld', 'normal', 2),
    ('sneaking', 'underworld', 'hard', 4), ('sneaking', 'wilderness', 'hard', 4),
    ('survival', 'wilderness', 'easy', 1),
    ('swimming', 'body', 'easy', 1), ('swimming', 'everyday', 'easy', 1),
    ('tracking', 'wilderness', 'hard', 4);
