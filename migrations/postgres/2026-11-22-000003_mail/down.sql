DROP TABLE reset_asks;
