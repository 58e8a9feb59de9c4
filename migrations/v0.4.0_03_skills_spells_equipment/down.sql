DROP TABLE gsm_equipment;
DROP TABLE gsm_spells;
DROP TABLE gsm_weapon_skills;
DROP TABLE gsm_skills;
