-- Only what the way up put in: rows that a group added for itself stay, and if one still needs a row that is to go,
-- the server refuses.

DELETE FROM gsm_skill_category_difficulties
WHERE (skill_code = 'acrobatics' AND category_code IN ('body', 'combat'))
   OR (skill_code = 'balance' AND category_code IN ('body', 'underworld'))
   OR (skill_code = 'climbing' AND category_code IN ('body', 'underworld', 'wilderness'))
   OR (skill_code = 'first_aid' AND category_code IN ('everyday', 'wilderness'))
   OR (skill_code = 'gambling' AND category_code IN ('everyday', 'underworld'))
   OR (skill_code = 'haggling' AND category_code IN ('everyday', 'social'))
   OR (skill_code = 'herb_lore' AND category_code IN ('knowledge', 'wilderness'))
   OR (skill_code = 'lock_picking' AND category_code = 'underworld')
   OR (skill_code = 'night_sight' AND category_code IN ('body', 'wilderness'))
   OR (skill_code = 'riding' AND category_code IN ('everyday', 'combat'))
   OR (skill_code = 'rune_lore' AND category_code = 'knowledge')
   OR (skill_code = 'seduction' AND category_code IN ('social', 'underworld'))
   OR (skill_code = 'sneaking' AND category_code IN ('underworld', 'wilderness'))
   OR (skill_code = 'survival' AND category_code = 'wilderness')
   OR (skill_code = 'swimming' AND category_code IN ('body', 'everyday'))
   OR (skill_code = 'tracking' AND category_code = 'wilderness');

DELETE FROM gsm_spell_learning_costs
WHERE (class_code = 'bard' AND school_code IN ('discern', 'dominate', 'move'))
   OR (class_code = 'druid' AND school_code IN ('change', 'create', 'discern', 'shape'))
   OR (class_code = 'mage' AND school_code IN ('change', 'create', 'destroy', 'discern', 'dominate', 'move', 'shape'))
   OR (class_code = 'shaman' AND school_code IN ('change', 'discern', 'dominate'));

DELETE FROM gsm_learning_costs
WHERE class_code IN ('assassin', 'bard', 'druid', 'knight', 'mage', 'merchant', 'ranger', 'shaman')
  AND category_code IN ('body', 'combat', 'everyday', 'knowledge', 'social', 'underworld', 'wilderness');

DELETE FROM gsm_equipment WHERE code IN (
    'backpack', 'bandages', 'chain_mail', 'grappling_hook', 'herbs', 'lantern', 'lock_picks', 'rope', 'shield',
    'spell_book'
);

DELETE FROM gsm_spells WHERE code IN (
    'bear_strength', 'bright_light', 'calm_beasts', 'call_of_the_owl', 'door_of_thorns', 'feather_fall', 'fire_ball',
    'heal_wounds', 'hear_afar', 'invisibility', 'open_lock', 'rust', 'see_magic', 'sleep', 'song_of_courage',
    'stone_skin', 'wall_of_mist', 'will_o_wisp'
);

DELETE FROM gsm_weapon_skills WHERE code IN (
    'axe', 'crossbow', 'dagger', 'flail', 'longbow', 'rapier', 'sling', 'sword', 'two_handed_sword'
);

DELETE FROM gsm_skills WHERE code IN (
    'acrobatics', 'balance', 'climbing', 'first_aid', 'gambling', 'haggling', 'herb_lore', 'lock_picking',
    'night_sight', 'riding', 'rune_lore', 'seduction', 'sneaking', 'survival', 'swimming', 'tracking'
);

DELETE FROM gsm_spell_schools WHERE code IN (
    'change', 'create', 'destroy', 'discern', 'dominate', 'move', 'shape'
);

DELETE FROM gsm_skill_difficulties WHERE code IN (
    'easy', 'normal', 'hard', 'very_hard'
);

DELETE FROM gsm_skill_categories WHERE code IN (
    'body', 'combat', 'everyday', 'knowledge', 'social', 'underworld', 'wilderness'
);

DELETE FROM gsm_character_classes WHERE code IN (
    'assassin', 'bard', 'druid', 'knight', 'mage', 'merchant', 'ranger', 'shaman'
);

DELETE FROM gsm_rules WHERE code IN (
    'attribute_max', 'critical_success', 'success_threshold', 'recovery_per_night', 'spell_resistance'
);

DELETE FROM gsm_sources WHERE code IN (
    'core', 'arcana', 'realms'
);
